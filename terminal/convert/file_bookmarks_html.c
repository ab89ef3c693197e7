/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_bookmarks_html: bookmarks as a file that every browser imports (item/bookmark_html.h), folder by
 * folder.
 *
 * A path is a text: the root's digit, then each folder's name behind a byte 1, which sorts before all
 * that names consist of; so what lies in one folder, and in those within it, comes in one piece.
 */
#include <string.h>

#include "convert/file_kind.h"
#include "item/bookmark_html.h"

#define SEPARATOR 1

static const struct bookmark_html_style style = { .eol = "\n" };

static int
print_path(struct buf *out, const struct bookmark *b, struct err *err)
{
	if (buf_append_byte(out, (uint8_t)('0' + b->root), err) < 0)
		return -1;
	for (size_t i = 0; i < b->n_folders; i++) {
		if (buf_append_byte(out, SEPARATOR, err) < 0)
			return -1;
		for (size_t j = 0; j < b->folders[i].n; j++) {
			uint8_t c = b->folders[i].p[j];

			if (buf_append_byte(out, c == SEPARATOR ? ' ' : c, err) < 0)
				return -1;
		}
	}
	return 0;
}

static int
by_folder(struct buf *out, const struct item *it, struct err *err)
{
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 };

	return bookmark_parse(&b, it->bytes, err) < 0 ? -1 : print_path(out, &b, err);
}

static int
head(struct buf *out, struct buf *state, uint64_t n, struct err *err)
{
	(void)state;
	(void)n;
	return bookmark_html_open(out, style.eol, err);
}

/* The first part of a path: up to its separator. */
static struct span
first_part(struct span path)
{
	const uint8_t *end = path.n ? memchr(path.p, SEPARATOR, path.n) : NULL;

	return span_of(path.p, end ? (size_t)(end - path.p) : path.n);
}

/* Lists that are open in @path: one for each folder, and one for a root other than the menu. */
static unsigned
lists_of(struct span path)
{
	unsigned n = path.n && path.p[0] != '0' + BOOKMARK_MENU;

	for (size_t i = 0; i < path.n; i++)
		n += path.p[i] == SEPARATOR;
	return n;
}

/* Bytes of the path that both begin with, whole parts. */
static size_t
common(struct span a, struct span b)
{
	size_t n = 0;

	while (n < a.n && n < b.n) {
		struct span x = first_part(span_skip(a, n)), y = first_part(span_skip(b, n));

		if (!span_equal(x, y))
			break;
		n += x.n;
		if (n == a.n || n == b.n)
			return n;
		n++; /* the separator */
	}
	return n ? n - 1 : 0;
}

static int
close_lists(struct buf *out, unsigned from, unsigned to, struct err *err)
{
	for (; from > to; from--)
		if (buf_append_fmt(out, err, "%*s</DL><p>\n", (int)(4 * from), "") < 0)
			return -1;
	return 0;
}

static int
open_list(struct buf *out, struct span name, unsigned root, unsigned depth, struct err *err)
{
	return bookmark_html_folder_print(out, name, root, depth, style, err) < 0
		       ? -1
		       : buf_append_fmt(out, err, "%*s<DL><p>\n", (int)(4 * depth), "");
}

/* From the folder that is open to the one of @b. */
static int
go_to(struct buf *out, struct buf *state, const struct bookmark *b, struct err *err)
{
	AUTO(buf_clear) struct buf path = BUF_INIT(ITEM_BYTES_MAX);
	bool has_list = b->root != BOOKMARK_MENU;
	unsigned depth;

	if (print_path(&path, b, err) < 0)
		return -1;
	depth = lists_of(span_of(path.p, common(buf_span(state), buf_span(&path))));
	if (close_lists(out, lists_of(buf_span(state)), depth, err) < 0)
		return -1;
	for (unsigned n = has_list + (unsigned)b->n_folders; depth < n; depth++) {
		bool is_root = has_list && depth == 0;
		struct span name = is_root ? span_str(bookmark_html_root_name(b->root))
					   : b->folders[depth - has_list];

		if (open_list(out, name, is_root ? b->root : BOOKMARK_ROOTS, depth + 1, err) < 0)
			return -1;
	}
	buf_reset(state);
	return buf_append(state, buf_span(&path), err);
}

static int
put(struct buf *out, struct card_notes *notes, struct buf *state, const struct item *it,
    struct err *err)
{
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 };

	(void)notes;
	return bookmark_parse(&b, it->bytes, err) < 0 || go_to(out, state, &b, err) < 0
		       ? -1
		       : bookmark_html_link_print(out, &b, lists_of(buf_span(state)) + 1, style,
						  err);
}

static int
tail(struct buf *out, struct buf *state, struct err *err)
{
	return close_lists(out, lists_of(buf_span(state)), 0, err) < 0
		       ? -1
		       : bookmark_html_close(out, style.eol, err);
}

extern const struct file_kind file_bookmarks_html;

const struct file_kind file_bookmarks_html = {
	.format = "bookmarks-html",
	.form = &form_bookmark,
	.extension = ".html",
	.version = ITEM_NO_VERSION,
	.key = by_folder,
	.head = head,
	.tail = tail,
	.item = put,
};
