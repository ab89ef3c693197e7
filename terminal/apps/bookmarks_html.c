/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bookmarks_html: a "Netscape bookmark file", as every browser exports and imports it.
 *
 * Why rows and no text_app: an item's bytes do not lie in the file.  What a bookmark is follows from
 * its <A> and from the headings of all lists around it, and to add one is to find the list of its
 * folder, or to make it.  So the file is indexed in one reading (folders, and for each link where it
 * lies: 40 bytes), a link is read where it lies, and everything else is copied as it is.
 */
#include <errno.h>
#include <search.h>
#include <sodium.h>
#include <stdlib.h>
#include <strings.h>

#include "apps/bookmarks_html_internal.h"
#include "apps/row_app.h"
#include "base/array.h"
#include "base/bytes.h"

#define ROWS_MAX   8000000u
#define HEAD_BYTES 2048 /* in which a file says its charset */

void
html_forget(struct html *h)
{
	source_text_clear(&h->text);
	bookmark_folders_clear(&h->folders);
	free(h->more);
	free(h->rows);
	free(h->edits);
	buf_clear(&h->texts);
	tdestroy(h->added, free);
	h->added = NULL;
	h->more = NULL;
	h->rows = NULL;
	h->edits = NULL;
	h->n_more = h->cap_more = h->n_rows = h->cap_rows = h->n_edits = h->cap_edits = 0;
	h->is_indexed = h->has_list = h->is_writing = false;
	h->style = (struct bookmark_html_style){ .eol = "\n", .ascii = true, .marks = true };
	for (int i = 0; i < BOOKMARK_ROOTS; i++)
		h->roots[i] = BOOKMARK_NO_FOLDER;
}

static void
html_close(void *store)
{
	struct html *h = store;

	html_forget(h);
	folder_close(&h->files.folder);
	free(h->path);
	free(h);
}

static int
set_path(struct html *h, const char *path, struct err *err)
{
	if (folder_open(&h->files.folder, path, err) < 0)
		return -1;
	if (!h->files.folder.only) {
		err_set(err, ERR_USAGE, "%s is a folder", path);
		return err_hint(err, "name the bookmark file itself: what a browser exports, "
				     "bookmarks.html");
	}
	h->path = strdup(h->files.folder.only);
	return h->path ? 0 : err_nomem(err);
}

static int
html_open(void **store, const struct app *app, struct err *err)
{
	struct html *h = calloc(1, sizeof *h);

	if (!h)
		return err_nomem(err);
	h->files.folder = (struct folder_root)FOLDER_ROOT_INIT;
	h->text = (struct source_text)SOURCE_TEXT_INIT;
	h->texts.max = SIZE_MAX / 2;
	html_forget(h);
	if (set_path(h, app->path, err) < 0) {
		html_close(h);
		return -1;
	}
	*store = h;
	return 0;
}

static int
html_stamp(struct app_stamp *out, void *store, struct err *err)
{
	struct html *h = store;

	return folder_stamp_of(out, &h->files.folder, h->path, err);
}

/* ---- the index ---- */

static uint64_t
hash(uint64_t key, struct span s)
{
	crypto_generichash_state state;
	uint8_t sum[crypto_generichash_BYTES_MIN], before[8];

	put_u64(before, key);
	crypto_generichash_init(&state, NULL, 0, sizeof sum);
	crypto_generichash_update(&state, before, sizeof before);
	crypto_generichash_update(&state, s.p, s.n);
	crypto_generichash_final(&state, sum, sizeof sum);
	return get_u64(sum);
}

int64_t
html_number(const struct html *h, uint32_t folder, struct span url)
{
	return (int64_t)(hash(h->more[folder].key, url) >> 2); /* room to count on */
}

int
html_add_folder(uint32_t *out, struct html *h, uint32_t parent, enum bookmark_root root,
		struct span name, struct err *err)
{
	bool is_root = parent == BOOKMARK_NO_FOLDER;

	if (array_reserve((void **)&h->more, &h->cap_more, h->n_more + 1, sizeof *h->more,
			  BOOKMARK_FOLDERS_MAX, err) < 0 ||
	    bookmark_folders_add(out, &h->folders, parent, root, name, err) < 0)
		return -1;
	h->more[h->n_more++] = (struct html_folder){
		.key = is_root ? (uint64_t)root : hash(h->more[parent].key, name),
		.heading_at = HTML_NOWHERE,
		.end_at = HTML_NOWHERE,
		.tail_at = HTML_NOWHERE,
		.first_edit = HTML_NO_EDIT,
		.last_edit = HTML_NO_EDIT,
	};
	if (!is_root)
		h->more[parent].n_live++;
	return 0;
}

/* A reading of the file. */
struct indexing {
	struct html *h;
	uint64_t at; /* read so far */
	bool moved;
	uint32_t *lists; /* the open ones, outermost first: their folders */
	size_t n_lists, cap_lists;
	struct bookmark_html_folder heading; /* of the list that comes next */
	uint64_t heading_at;
	bool has_heading;
};

static uint32_t
current(const struct indexing *x)
{
	return x->n_lists ? x->lists[x->n_lists - 1] : x->h->roots[BOOKMARK_MENU];
}

static int
on_heading(struct indexing *x, const struct bookmark_html_part *part, struct err *err)
{
	bookmark_html_folder_clear(&x->heading);
	x->has_heading = true;
	x->heading_at = part->offset;
	return bookmark_html_folder_parse(&x->heading, part->bytes, err);
}

static int
folder_of_heading(uint32_t *out, struct indexing *x, struct err *err)
{
	const struct bookmark_html_folder *f = &x->heading;
	struct html *h = x->h;
	uint32_t parent = current(x);

	if (f->is_root && h->roots[f->root] != BOOKMARK_NO_FOLDER)
		*out = h->roots[f->root];
	else if (html_add_folder(out, h, f->is_root ? BOOKMARK_NO_FOLDER : parent,
				 f->is_root ? f->root : h->folders.list[parent].root,
				 span_str(f->name), err) < 0)
		return -1;
	if (f->is_root)
		h->roots[f->root] = *out;
	if (h->more[*out].heading_at == HTML_NOWHERE)
		h->more[*out].heading_at = x->heading_at;
	h->more[*out].is_ours = f->is_ours;
	return 0;
}

static int
on_open(struct indexing *x, struct err *err)
{
	uint32_t folder = current(x);

	if (array_reserve((void **)&x->lists, &x->cap_lists, x->n_lists + 1, sizeof *x->lists,
			  BOOKMARK_FOLDERS_MAX, err) < 0 ||
	    (x->has_heading && folder_of_heading(&folder, x, err) < 0))
		return -1;
	x->h->has_list |= x->n_lists == 0;
	x->has_heading = false;
	x->lists[x->n_lists++] = folder;
	return 0;
}

/* A list ends; one within another that has no heading of its own is a part of that. */
static void
on_close(struct indexing *x, uint64_t at, uint64_t behind)
{
	uint32_t folder = current(x);
	struct html_folder *f = &x->h->more[folder];

	x->has_heading = false;
	if (x->n_lists == 0)
		return;
	x->n_lists--;
	if (f->end_at != HTML_NOWHERE || (x->n_lists && current(x) == folder))
		return;
	f->end_at = at;
	f->tail_at = behind;
}

static int
on_link(struct indexing *x, const struct bookmark_html_part *part, struct err *err)
{
	AUTO(bookmark_html_link_clear)
	struct bookmark_html_link link = { .has_description = false };
	struct html *h = x->h;
	uint32_t folder = current(x);
	struct err why = { 0 };

	x->has_heading = false;
	if (bookmark_html_link_parse(&link, part->bytes, &why) < 0 && why.code == ERR_NOMEM)
		return *err = why, -1;
	if (array_reserve((void **)&h->rows, &h->cap_rows, h->n_rows + 1, sizeof *h->rows, ROWS_MAX,
			  err) < 0)
		return -1;
	h->more[folder].n_live++;
	h->rows[h->n_rows++] = (struct html_row){ .number = html_number(h, folder, link.b.url),
						  .offset = part->offset,
						  .size = (uint32_t)part->bytes.n,
						  .folder = folder,
						  .line = part->line,
						  .edit = HTML_NO_EDIT };
	return 0;
}

static int
on_part(void *ctx, const struct bookmark_html_part *part, struct err *err)
{
	struct indexing *x = ctx;

	switch (part->kind) {
	case BOOKMARK_HTML_FOLDER:
		return on_heading(x, part, err);
	case BOOKMARK_HTML_OPEN:
		return on_open(x, err);
	case BOOKMARK_HTML_CLOSE:
		on_close(x, part->offset, part->offset + part->bytes.n);
		return 0;
	case BOOKMARK_HTML_LINK:
		break;
	}
	return on_link(x, part, err);
}

static int
read_text(void *ctx, void *p, size_t n, size_t *got, struct err *err)
{
	struct indexing *x = ctx;
	struct source_text *t = &x->h->text;
	uint64_t left = t->size - x->at;
	int rc;

	*got = left < n ? (size_t)left : n;
	rc = source_text_read(t, x->at, p, *got, x->h->path, err);
	x->moved = rc == APP_MOVED;
	x->at += *got;
	return rc ? (rc < 0 ? -1 : err_set(err, ERR_CONFLICT, "%s changed", x->h->path)) : 0;
}

static int
compare_rows(const void *a, const void *b)
{
	const struct html_row *x = a, *y = b;

	return x->number != y->number ? (x->number > y->number) - (x->number < y->number)
				      : (x->offset > y->offset) - (x->offset < y->offset);
}

/* The n-th of equal ones has the first one's number and n more. */
static void
number_rows(struct html *h)
{
	int64_t first = -1, nth = 0;

	if (h->n_rows == 0)
		return;
	qsort(h->rows, h->n_rows, sizeof *h->rows, compare_rows);
	for (size_t i = 0; i < h->n_rows; i++) {
		nth = h->rows[i].number == first ? nth + 1 : 0;
		first = h->rows[i].number;
		h->rows[i].number += nth;
	}
	qsort(h->rows, h->n_rows, sizeof *h->rows, compare_rows);
}

/* How the file ends its lines, and whether it says that it is in UTF-8. */
static int
look_at_head(struct html *h, struct err *err)
{
	char head[HEAD_BYTES + 1];
	size_t n = h->text.size < HEAD_BYTES ? (size_t)h->text.size : HEAD_BYTES;
	int rc = source_text_read(&h->text, 0, head, n, h->path, err);

	if (rc)
		return rc;
	head[n] = '\0';
	const char *eol = memchr(head, '\n', n);
	h->style.eol = eol && eol > head && eol[-1] == '\r' ? "\r\n" : "\n";
	h->style.ascii = n > 0 && strcasestr(head, "utf-8") == NULL;
	return 0;
}

static int
build_index(struct html *h, struct err *err)
{
	struct indexing x = { .h = h };
	struct text_stream stream = { .ctx = &x, .read = read_text, .source = h->path };
	int rc = html_add_folder(&h->roots[BOOKMARK_MENU], h, BOOKMARK_NO_FOLDER, BOOKMARK_MENU,
				 span_str(""), err);

	if (rc == 0)
		rc = look_at_head(h, err);
	if (rc == 0)
		rc = bookmark_html_split(&stream, on_part, &x, err);
	if (x.moved)
		rc = APP_MOVED;
	while (rc == 0 && x.n_lists)
		on_close(&x, h->text.size, h->text.size);
	bookmark_html_folder_clear(&x.heading);
	free(x.lists);
	number_rows(h);
	return rc ? rc : source_text_check(&h->text, &h->files, h->path, &h->stamp, err);
}

int
html_need_index(struct html *h, struct err *err)
{
	struct app_stamp now;
	int rc;

	if (h->is_writing)
		return 0;
	rc = html_stamp(&now, h, err);
	if (rc || (h->is_indexed && app_stamp_equal(&now, &h->stamp)))
		return rc;
	html_forget(h);
	h->stamp = now;
	rc = source_text_open(&h->text, &h->files, h->path, &now, err);
	if (rc == 0)
		rc = build_index(h, err);
	if (rc)
		html_forget(h);
	h->is_indexed = rc == 0;
	return rc;
}

/* ---- rows ---- */

struct html_row *
html_find_row(const struct html *h, int64_t number)
{
	size_t from = 0, to = h->n_rows;

	while (from < to) {
		size_t at = from + (to - from) / 2;

		if (h->rows[at].number == number)
			return &h->rows[at];
		if (h->rows[at].number < number)
			from = at + 1;
		else
			to = at;
	}
	return NULL;
}

int
html_link_bytes(struct buf *out, struct html *h, const struct html_row *row, struct err *err)
{
	uint8_t *p;

	if (row->edit != HTML_NO_EDIT) {
		const struct html_edit *e = &h->edits[row->edit];

		return e->text_n ? buf_append(out, span_of(h->texts.p + e->text_at, e->text_n), err)
				 : APP_MOVED;
	}
	return buf_extend(out, row->size, &p, err) < 0
		       ? -1
		       : source_text_read(&h->text, row->offset, p, row->size, h->path, err);
}

static bool
is_search(struct span url)
{
	return url.n >= 6 && strncasecmp((const char *)url.p, "place:", 6) == 0;
}

/* 0, ROW_REFUSED (no bookmark; @why), or -1. */
static int
print_row(struct buf *out, struct html *h, const struct html_row *row, struct span bytes,
	  struct err *why)
{
	AUTO(bookmark_html_link_clear)
	struct bookmark_html_link link = { .has_description = false };
	int rc;

	rc = bookmark_html_link_parse(&link, bytes, why);
	struct bookmark b = link.b;
	if (rc == 0 && is_search(b.url))
		rc = err_set(why, ERR_UNSUPPORTED,
			     "a saved search means folders of its own profile");
	if (rc == 0 && !bookmark_folders_path(&b, h->names, &h->folders, row->folder))
		rc = err_set(why, ERR_LIMIT, "it lies more than %u folders deep",
			     BOOKMARK_DEPTH_MAX);
	if (rc == 0)
		return bookmark_print(out, &b, why);
	if (why->code == ERR_NOMEM)
		return -1;
	err_wrap(why, "%s, line %u", h->path, row->line);
	return ROW_REFUSED;
}

static int
html_read(void *store, int64_t number, struct buf *out, struct err *err)
{
	struct html *h = store;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX);
	const struct html_row *row;
	int rc = html_need_index(h, err);

	if (rc)
		return rc;
	row = html_find_row(h, number);
	rc = row ? html_link_bytes(&bytes, h, row, err) : APP_MOVED;
	if (rc == 0)
		rc = print_row(out, h, row, buf_span(&bytes), err);
	return rc == ROW_REFUSED ? APP_MOVED : rc;
}

static int
html_each(void *store, row_fn *fn, row_refused_fn *refused, void *ctx, struct err *err)
{
	struct html *h = store;
	AUTO(buf_clear) struct buf bytes = BUF_INIT(ITEM_BYTES_MAX), out = BUF_INIT(ITEM_BYTES_MAX);
	int rc = html_need_index(h, err);

	for (size_t i = 0; rc == 0 && i < h->n_rows; i++) {
		struct err why = { 0 };

		buf_reset(&bytes);
		buf_reset(&out);
		rc = html_link_bytes(&bytes, h, &h->rows[i], err);
		if (rc)
			return rc;
		rc = print_row(&out, h, &h->rows[i], buf_span(&bytes), &why);
		const struct row row = { h->rows[i].number, 0, buf_span(&out) };
		if (rc < 0)
			*err = why;
		else if (rc == ROW_REFUSED)
			rc = refused ? refused(ctx, &why, err) : 0;
		else
			rc = fn(ctx, &row, err);
	}
	return rc;
}

static int
html_tidy(void *store, struct err *err)
{
	return folder_session_tidy(&((struct html *)store)->files.base, err);
}

static const struct row_kind bookmarks = {
	.source = "bookmarks.html",
	.open = html_open,
	.close = html_close,
	.stamp = html_stamp,
	.each = html_each,
	.read = html_read,
	.begin = html_begin,
	.add = html_add,
	.replace = html_replace,
	.remove = html_remove,
	.commit = html_commit,
	.rollback = html_rollback,
	.shown = html_shown,
	.tidy = html_tidy,
};

extern const struct adapter adapter_bookmarks_html;

const struct adapter adapter_bookmarks_html = {
	.name = "bookmarks-html",
	.form = &form_bookmark,
	.rows = &bookmarks,
	.new_file = "bookmarks.html",
	OVER_ROWS,
};
