/* SPDX-License-Identifier: Apache-2.0 */
/* table: see table.h.  Character widths are libunistring's. */
#include "cli/table.h"

#include <string.h>
#include <unistr.h>
#include <uniwidth.h>

#define CELL_BYTES_MAX  (1u << 20)
#define ROW_BYTES_MAX   (TABLE_COLUMNS_MAX * CELL_BYTES_MAX)
#define GAP             2 /* blanks between columns */
#define SHRINK_TO_LEAST 12

/* The next character of @s, or U+FFFD for a byte that is none; *n its length in bytes. */
static ucs4_t
next_character(const char *s, size_t left, size_t *n)
{
	ucs4_t uc;
	int len = u8_mbtoucr(&uc, (const uint8_t *)s, left);

	if (len <= 0) {
		*n = 1;
		return 0xfffd;
	}
	*n = (size_t)len;
	return uc;
}

/* What could steer a terminal: C0, DEL, C1, line separators, and marks that turn the direction of
 * what follows (UAX #9). */
static bool
steers(ucs4_t uc)
{
	return uc < 0x20 || (uc >= 0x7f && uc < 0xa0) || (uc >= 0x2028 && uc <= 0x202e) ||
	       (uc >= 0x2066 && uc <= 0x2069) || uc == 0xfffd;
}

static size_t
width_of(ucs4_t uc)
{
	int w = uc_width(uc, "UTF-8");

	return w > 0 ? (size_t)w : 0;
}

size_t
text_width(const char *s)
{
	size_t width = 0, n, left = strlen(s);

	for (; left; s += n, left -= n)
		width += width_of(next_character(s, left, &n));
	return width;
}

int
text_clean(struct buf *out, const char *s, size_t max_width, struct err *err)
{
	size_t left = strlen(s), used = 0, n;
	bool cut = max_width && text_width(s) > max_width;

	for (; left; s += n, left -= n) {
		ucs4_t uc = next_character(s, left, &n);
		size_t w = steers(uc) ? 1 : width_of(uc);

		if (cut && used + w > max_width - 1)
			return buf_append_str(out, "…", err);
		used += w;
		if (steers(uc) ? buf_append_byte(out, '?', err)
			       : buf_append(out, span_of(s, n), err))
			return -1;
	}
	return 0;
}

void
table_clear(struct table *t)
{
	spool_free(t->rows);
	t->rows = NULL;
	t->n_rows = 0;
	memset(t->widths, 0, sizeof t->widths);
}

/* A row is its cells, each with its NUL. */
int
table_add(struct table *t, const char *const *cells, struct err *err)
{
	AUTO(buf_clear) struct buf row = BUF_INIT(ROW_BYTES_MAX);

	if (!t->rows && spool_new(&t->rows, t->dir_fd, err) < 0)
		return -1;
	for (size_t c = 0; c < t->n_columns; c++) {
		size_t at = row.n, width;

		if (text_clean(&row, cells[c] ? cells[c] : "", 0, err) < 0 ||
		    buf_append_byte(&row, 0, err) < 0)
			return -1;
		width = text_width((const char *)row.p + at);
		if (width > t->widths[c])
			t->widths[c] = width;
	}
	if (spool_put(t->rows, buf_span(&row), err) < 0)
		return -1;
	t->n_rows++;
	return 0;
}

static void
measure(const struct table *t, size_t width, size_t widths[static TABLE_COLUMNS_MAX])
{
	size_t total = 0, shrinking = TABLE_COLUMNS_MAX;

	for (size_t c = 0; c < t->n_columns; c++) {
		widths[c] = t->columns[c].title ? text_width(t->columns[c].title) : 0;
		if (t->widths[c] > widths[c])
			widths[c] = t->widths[c];
		total += widths[c] + GAP;
		/* The widest of those that may be cut pays for all. */
		if (t->columns[c].kind == COLUMN_SHRINKS &&
		    (shrinking == TABLE_COLUMNS_MAX || widths[c] > widths[shrinking]))
			shrinking = c;
	}
	if (width && total > width && shrinking < TABLE_COLUMNS_MAX) {
		size_t over = total - width, was = widths[shrinking];
		size_t least = was < SHRINK_TO_LEAST ? was : SHRINK_TO_LEAST;

		widths[shrinking] = was > over + least ? was - over : least;
	}
}

static void
print_row(FILE *f, const struct table *t, const char *const *cells, const size_t *widths)
{
	size_t n = t->n_columns;

	while (n && (!cells[n - 1] || !cells[n - 1][0]))
		n--; /* no blanks at the line's end */
	for (size_t c = 0; c < n; c++) {
		AUTO(buf_clear) struct buf cut = BUF_INIT(CELL_BYTES_MAX);
		const char *s = cells[c] ? cells[c] : "";

		if (text_width(s) > widths[c] && !text_clean(&cut, s, widths[c], NULL))
			s = buf_str(&cut);
		size_t w = text_width(s);
		int pad = w < widths[c] ? (int)(widths[c] - w) : 0;

		if (t->columns[c].kind == COLUMN_RIGHT)
			fprintf(f, "%*s%*s%s", GAP, "", pad, "", s);
		else if (c + 1 == n)
			fprintf(f, "%*s%s", GAP, "", s);
		else
			fprintf(f, "%*s%s%*s", GAP, "", s, pad, "");
	}
	fputc('\n', f);
}

static void
print_titles(FILE *f, const struct table *t, const size_t *widths, bool bold)
{
	const char *titles[TABLE_COLUMNS_MAX];

	if (!t->columns[0].title)
		return;
	for (size_t c = 0; c < t->n_columns; c++)
		titles[c] = t->columns[c].title;
	fputs(bold ? "\033[1m" : "", f);
	print_row(f, t, titles, widths);
	fputs(bold ? "\033[0m" : "", f);
}

int
table_print(struct table *t, FILE *f, size_t width, bool bold, struct err *err)
{
	size_t widths[TABLE_COLUMNS_MAX];
	struct span row;
	int rc = 0;

	measure(t, width, widths);
	print_titles(f, t, widths, bold);
	if (t->rows)
		spool_rewind(t->rows);
	while (t->rows && (rc = spool_next(&row, t->rows, err)) == 0) {
		const char *cells[TABLE_COLUMNS_MAX], *cell = (const char *)row.p;

		for (size_t c = 0; c < t->n_columns; c++, cell += strlen(cell) + 1)
			cells[c] = cell;
		print_row(f, t, cells, widths);
	}
	return rc < 0 ? -1 : 0;
}
