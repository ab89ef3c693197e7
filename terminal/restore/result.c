/* SPDX-License-Identifier: Apache-2.0 */
/* result: see result.h and restore.h. */
#include "restore/result.h"

#include "item/charset.h"

#define PATH_BYTES_MAX 4095 /* PATH_MAX */
#define PART_BYTES_MAX 255  /* NAME_MAX */

const char *
restore_outcome_name(enum restore_outcome outcome)
{
	switch (outcome) {
	case RESTORE_IDENTICAL:
		return "identical";
	case RESTORE_MERGED:
		return "merged";
	case RESTORE_ADDED:
		return "added";
	case RESTORE_SKIPPED:
		return "skipped";
	case RESTORE_FAILED:
		break;
	}
	return "failed";
}

void
restore_fields_free(struct restore_field *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(f[i].field);
		free(f[i].value);
		free(f[i].here);
	}
	free(f);
}

void
restore_result_clear(struct restore_result *r)
{
	for (size_t i = 0; i < r->n_items; i++) {
		struct restore_item *it = &r->items[i];

		free(it->app);
		free(it->id);
		free(it->name);
		free(it->reason);
		restore_fields_free(it->added, it->n_added);
		restore_fields_free(it->held, it->n_held);
		restore_fields_free(it->same, it->n_same);
		restore_fields_free(it->stays, it->n_stays);
	}
	free(r->items);
	for (size_t i = 0; i < r->n_alarms; i++)
		free(r->alarms[i]);
	free(r->alarms);
	*r = (struct restore_result){ 0 };
}

/* Length of the UTF-8 sequence at @s, 0 if it is none. */
static size_t
sequence(struct span s)
{
	size_t n = s.p[0] < 0x80 ? 1 : s.p[0] < 0xe0 ? 2 : s.p[0] < 0xf0 ? 3 : 4;

	return n <= s.n && charset_is_utf8(span_of(s.p, n)) ? n : 0;
}

static char *
clean(struct span bytes, bool lines, struct err *err)
{
	char *text = malloc(3 * bytes.n + 1), *to = text;

	if (!text) {
		err_nomem(err);
		return NULL;
	}
	while (bytes.n) {
		size_t n = sequence(bytes);
		bool control = n == 1 && (bytes.p[0] < 0x20 || bytes.p[0] == 0x7f) &&
			       !(lines && bytes.p[0] == '\n');

		memcpy(to, n && !control ? (const void *)bytes.p : "\xef\xbf\xbd",
		       n && !control ? n : 3);
		to += n && !control ? n : 3;
		bytes = span_skip(bytes, n ? n : 1);
	}
	*to = '\0';
	return text;
}

char *
text_for_people(struct span bytes, struct err *err)
{
	return clean(bytes, true, err);
}

char *
line_for_people(struct span bytes, struct err *err)
{
	return clean(bytes, false, err);
}

bool
path_is_safe(struct span path)
{
	const uint8_t *p = path.p, *end = path.p + path.n;

	if (path.n == 0 || path.n > PATH_BYTES_MAX || memchr(path.p, '\0', path.n))
		return false;
	while (p <= end) {
		const uint8_t *slash = memchr(p, '/', (size_t)(end - p));
		size_t n = (size_t)((slash ? slash : end) - p);

		if (n == 0 || n > PART_BYTES_MAX || (n == 1 && p[0] == '.') ||
		    (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
		p += n + 1;
	}
	return true;
}

static int
by_app_name_id(const void *a, const void *b)
{
	const struct restore_item *x = a, *y = b;
	int c = strcmp(x->app, y->app);

	if (c == 0)
		c = strcmp(x->name, y->name);
	return c ? c : strcmp(x->id, y->id);
}

void
result_sort(struct restore_result *out)
{
	if (out->n_items > 1)
		qsort(out->items, out->n_items, sizeof *out->items, by_app_name_id);
}
