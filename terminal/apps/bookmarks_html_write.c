/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bookmarks_html_write: changes to a bookmark file.
 *
 * An edit cuts a piece out of the text, puts one in, or both.  What is added to a folder goes before
 * the </DL> of its list, on lines of its own, folders that are missing with it.  At the end all edits
 * are sorted and the text is copied through them into a new file, which takes the old one's place.
 */
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <strings.h>

#include "apps/bookmarks_html_internal.h"
#include "apps/row_app.h"
#include "base/array.h"

#define EDITS_MAX  16000000u
#define COPY_BYTES ((size_t)64 << 10)
#define AROUND     512 /* bytes that are looked at beside a part: indentation, a tag, a line end */

int
html_begin(void *store, struct err *err)
{
	struct html *h = store;
	int rc;

	html_forget(h);
	rc = html_need_index(h, err);
	if (rc == APP_MOVED)
		return err_set(err, ERR_CONFLICT, "%s changed in the meantime", h->path);
	if (rc == 0 && h->text.form != CHARSET_BYTES) {
		err_set(err, ERR_UNSUPPORTED, "%s is not in UTF-8, and is only read", h->path);
		rc = err_hint(err, "export it again, or save it as UTF-8");
	}
	h->is_writing = rc == 0;
	return rc;
}

void
html_rollback(void *store)
{
	html_forget(store);
}

static int
add_edit(struct html_edit **out, struct html *h, uint64_t at, uint64_t cut, struct err *err)
{
	if (array_reserve((void **)&h->edits, &h->cap_edits, h->n_edits + 1, sizeof *h->edits,
			  EDITS_MAX, err) < 0)
		return -1;
	*out = &h->edits[h->n_edits++];
	**out = (struct html_edit){
		.at = at, .cut = cut, .text_at = h->texts.n, .next = HTML_NO_EDIT
	};
	return 0;
}

/* ---- what stands around a part ---- */

struct around {
	char before[AROUND], behind[AROUND];
	size_t n_before, n_behind;
};

static int
look_around(struct around *out, struct html *h, uint64_t start, uint64_t end, struct err *err)
{
	uint64_t left = h->text.size - end;
	int rc;

	out->n_before = start < AROUND ? (size_t)start : AROUND;
	out->n_behind = left < AROUND ? (size_t)left : AROUND;
	rc = source_text_read(&h->text, start - out->n_before, out->before, out->n_before, h->path,
			      err);
	if (rc == 0)
		rc = source_text_read(&h->text, end, out->behind, out->n_behind, h->path, err);
	return rc > 0 ? err_set(err, ERR_CONFLICT, "%s changed in the meantime", h->path) : rc;
}

/* Bytes of blanks before a part; *line: they begin its line. */
static size_t
blanks_before(const struct around *a, size_t skip, bool *line)
{
	size_t n = skip;

	while (n < a->n_before && strchr(" \t", a->before[a->n_before - 1 - n]) &&
	       a->before[a->n_before - 1 - n])
		n++;
	*line = n == a->n_before ? a->n_before < AROUND : a->before[a->n_before - 1 - n] == '\n';
	return n;
}

/* Bytes behind a part up to its line's end; 0: something else stands there. */
static size_t
line_end_behind(const struct around *a, size_t skip)
{
	size_t n = skip;

	while (n < a->n_behind && a->behind[n] && strchr(" \t\r", a->behind[n]))
		n++;
	return n < a->n_behind && a->behind[n] == '\n' ? n + 1 : 0;
}

/* Bytes of the line end before a line that begins @skip bytes before the part. */
static size_t
line_end_before(const struct around *a, size_t skip)
{
	size_t n = a->n_before - skip;

	if (n == 0 || a->before[n - 1] != '\n')
		return 0;
	return n > 1 && a->before[n - 2] == '\r' ? 2 : 1;
}

/* Take a part out of the text, with its <DT>, and with its lines if there is nothing else on them. */
static int
cut_part(struct html_edit **out, struct html *h, uint64_t start, uint64_t end, const char *tail,
	 struct err *err)
{
	struct around a;
	bool at_line;
	size_t before = 0, behind = strlen(tail), blanks;

	if (look_around(&a, h, start, end, err) < 0)
		return -1;
	if (a.n_before >= 4 && strncasecmp(a.before + a.n_before - 4, "<DT>", 4) == 0)
		before = 4;
	if (behind > a.n_behind || strncasecmp(a.behind, tail, behind) != 0)
		behind = 0;
	blanks = blanks_before(&a, before, &at_line);
	size_t line = line_end_behind(&a, behind);
	if (at_line)
		before = blanks;
	if (at_line && line)
		behind = line;
	else if (
		at_line) /* what follows goes up to the line before, as it stood when insert() came */
		before += line_end_before(&a, blanks);
	return add_edit(out, h, start - before, end - start + before + behind, err);
}

/* ---- add, replace, remove ---- */

/* How far the headings in a folder's list are indented: in the menu, all lists' root, by one. */
static unsigned
level_in(const struct html *h, uint32_t folder)
{
	const struct bookmark_folder *f = &h->folders.list[folder];

	return f->depth + 1 + (f->root != BOOKMARK_MENU);
}

/* Ours has no attribute for it, and a file's menu is what stands above all folders. */
static int
need_root(uint32_t *out, struct html *h, enum bookmark_root root, struct err *err)
{
	*out = h->roots[root];
	if (*out != BOOKMARK_NO_FOLDER)
		return 0;
	if (html_add_folder(out, h, BOOKMARK_NO_FOLDER, root,
			    span_str(bookmark_html_root_name(root)), err) < 0)
		return -1;
	h->roots[root] = *out;
	return 0;
}

static int
need_path(uint32_t *out, struct html *h, const struct bookmark *b, struct err *err)
{
	uint32_t parent;

	if (need_root(out, h, b->root, err) < 0)
		return -1;
	for (size_t i = 0; i < b->n_folders; i++) {
		parent = *out;
		*out = bookmark_folders_find(&h->folders, parent, b->folders[i]);
		if (*out == BOOKMARK_NO_FOLDER &&
		    html_add_folder(out, h, parent, b->root, b->folders[i], err) < 0)
			return -1;
	}
	return 0;
}

static int
compare_numbers(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* The next free number of its kind becomes taken. */
static int
take_number(int64_t *number, struct html *h, struct err *err)
{
	int64_t *copy = malloc(sizeof *copy);

	if (!copy)
		return err_nomem(err);
	while (html_find_row(h, *number) || tfind(number, &h->added, compare_numbers))
		++*number;
	*copy = *number;
	if (tsearch(copy, &h->added, compare_numbers))
		return 0;
	free(copy);
	return err_nomem(err);
}

int
html_add(void *store, struct span bytes, int64_t *number, struct err *err)
{
	struct html *h = store;
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 };
	struct html_edit *e;
	uint32_t folder, at;

	if (bookmark_parse(&b, bytes, err) < 0 || need_path(&folder, h, &b, err) < 0)
		return -1;
	*number = html_number(h, folder, b.url);
	if (take_number(number, h, err) < 0 || add_edit(&e, h, 0, 0, err) < 0)
		return -1;
	at = (uint32_t)(h->n_edits - 1);
	e->is_added = true;
	if (bookmark_html_link_print(&h->texts, &b, level_in(h, folder), h->style, err) < 0)
		return -1;
	e->text_n = h->texts.n - e->text_at;
	struct html_folder *f = &h->more[folder];
	if (f->last_edit != HTML_NO_EDIT)
		h->edits[f->last_edit].next = at;
	else
		f->first_edit = at;
	f->last_edit = at;
	f->n_live++;
	return 0;
}

int
html_replace(void *store, int64_t number, struct span bytes, struct err *err)
{
	struct html *h = store;
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 };
	AUTO(bookmark_html_link_clear)
	struct bookmark_html_link link = { .has_description = false };
	AUTO(buf_clear) struct buf old = BUF_INIT(ITEM_BYTES_MAX), text = BUF_INIT(ITEM_BYTES_MAX);
	struct html_row *row = html_find_row(h, number);
	struct html_edit *e;
	int rc;

	if (!row || html_link_bytes(&old, h, row, err) != 0)
		return err_set(err, ERR_CONFLICT, "the bookmark is gone");
	if (bookmark_parse(&b, bytes, err) < 0 ||
	    bookmark_html_link_parse(&link, buf_span(&old), err) < 0)
		return -1;
	rc = bookmark_html_link_edit(&text, buf_span(&old), &link, &b, h->style, err);
	if (rc == BOOKMARK_HTML_ODD) {
		err_set(err, ERR_UNSUPPORTED, "this link is written too oddly to be changed");
		return ROW_REFUSED;
	}
	if (rc < 0 || add_edit(&e, h, row->offset, row->size, err) < 0 ||
	    buf_append(&h->texts, buf_span(&text), err) < 0)
		return -1;
	e->text_n = text.n;
	if (row->edit != HTML_NO_EDIT)
		h->edits[row->edit] = (struct html_edit){ .next = HTML_NO_EDIT };
	row->edit = (uint32_t)(h->n_edits - 1);
	return 0;
}

int
html_remove(void *store, int64_t number, struct err *err)
{
	struct html *h = store;
	struct html_row *row = html_find_row(h, number);
	struct html_edit *e;

	if (!row)
		return err_set(err, ERR_CONFLICT, "the bookmark is gone");
	if (cut_part(&e, h, row->offset, row->offset + row->size, "", err) < 0)
		return -1;
	if (row->edit != HTML_NO_EDIT)
		h->edits[row->edit] = (struct html_edit){ .next = HTML_NO_EDIT };
	row->edit = (uint32_t)(h->n_edits - 1);
	h->more[row->folder].n_live--;
	h->more[row->folder].is_touched = true;
	return 0;
}

/* ---- at the end ---- */

static uint32_t
parent_of(const struct html *h, uint32_t folder)
{
	uint32_t parent = h->folders.list[folder].parent;
	uint32_t menu = h->roots[BOOKMARK_MENU];

	return parent != BOOKMARK_NO_FOLDER || folder == menu ? parent : menu;
}

/* Folders of ours that are empty now go; an inner one comes behind the outer one in the list. */
static int
cut_folders(struct html *h, struct err *err)
{
	for (uint32_t i = (uint32_t)h->folders.n; i > 0; i--) {
		struct html_folder *f = &h->more[i - 1];
		uint32_t parent = parent_of(h, i - 1);
		struct html_edit *e;

		if (!f->is_ours || !f->is_touched || f->n_live || f->heading_at == HTML_NOWHERE ||
		    f->end_at == HTML_NOWHERE || parent == BOOKMARK_NO_FOLDER)
			continue;
		if (cut_part(&e, h, f->heading_at, f->tail_at, "<p>", err) < 0)
			return -1;
		/* A root was never counted as a part of the menu. */
		if (h->folders.list[i - 1].parent != BOOKMARK_NO_FOLDER) {
			h->more[parent].n_live--;
			h->more[parent].is_touched = true;
		}
	}
	return 0;
}

/* A folder is wanted if it, or one within, gets something. */
static void
mark_wanted(struct html *h)
{
	for (uint32_t i = (uint32_t)h->folders.n; i > 0; i--) {
		struct html_folder *f = &h->more[i - 1];
		uint32_t parent = parent_of(h, i - 1);

		f->is_wanted |= f->first_edit != HTML_NO_EDIT;
		if (f->is_wanted && f->end_at == HTML_NOWHERE && parent != BOOKMARK_NO_FOLDER)
			h->more[parent].is_wanted = true;
	}
}

/* New folders by their parents: first[parent], then next[folder]. */
struct new_folders {
	uint32_t *first, *next;
};

static int
new_folders_init(struct new_folders *n, struct html *h, struct err *err)
{
	n->first = calloc(2 * h->folders.n, sizeof *n->first);
	if (!n->first)
		return err_nomem(err);
	n->next = n->first + h->folders.n;
	memset(n->first, 0xff, 2 * h->folders.n * sizeof *n->first);
	for (uint32_t i = (uint32_t)h->folders.n; i > 0; i--) {
		uint32_t parent = parent_of(h, i - 1);

		if (!h->more[i - 1].is_wanted || h->more[i - 1].end_at != HTML_NOWHERE ||
		    parent == BOOKMARK_NO_FOLDER)
			continue;
		n->next[i - 1] = n->first[parent];
		n->first[parent] = i - 1;
	}
	return 0;
}

/* The links that come into @folder, and the new folders in it. */
static int
print_content(struct buf *out, const struct html *h, const struct new_folders *n, uint32_t folder,
	      struct err *err)
{
	for (uint32_t at = h->more[folder].first_edit; at != HTML_NO_EDIT; at = h->edits[at].next)
		if (buf_append(out, span_of(h->texts.p + h->edits[at].text_at, h->edits[at].text_n),
			       err) < 0)
			return -1;
	for (uint32_t f = n->first[folder]; f != BOOKMARK_NO_FOLDER; f = n->next[f]) {
		const struct bookmark_folder *b = &h->folders.list[f];
		bool is_root = b->parent == BOOKMARK_NO_FOLDER;
		unsigned depth = level_in(h, f) - 1;

		if (bookmark_html_folder_print(out, b->name, is_root ? b->root : BOOKMARK_ROOTS,
					       depth, h->style, err) < 0 ||
		    buf_append_fmt(out, err, "%*s<DL><p>%s", (int)(4 * depth), "", h->style.eol) <
			    0 ||
		    print_content(out, h, n, f, err) < 0 ||
		    buf_append_fmt(out, err, "%*s</DL><p>%s", (int)(4 * depth), "", h->style.eol) <
			    0)
			return -1;
	}
	return 0;
}

/* What comes into a list that the file has, or at its end. */
static int
insert(struct html *h, const struct new_folders *n, uint32_t folder, struct err *err)
{
	AUTO(buf_clear) struct buf text = BUF_INIT(SIZE_MAX / 2);
	uint64_t at = h->more[folder].end_at;
	bool is_new = at == HTML_NOWHERE, at_line;
	struct around a;
	struct html_edit *e;

	if (is_new)
		at = h->text.size;
	if (look_around(&a, h, at, at, err) < 0)
		return -1;
	size_t blanks = blanks_before(&a, 0, &at_line);
	if (!at_line && buf_append_str(&text, h->style.eol, err) < 0)
		return -1;
	if (is_new &&
	    (h->text.size == 0 ? bookmark_html_open(&text, h->style.eol, err)
			       : buf_append_fmt(&text, err, "<DL><p>%s", h->style.eol)) < 0)
		return -1;
	if (print_content(&text, h, n, folder, err) < 0)
		return -1;
	if (!at_line && !is_new)
		text.n -= strlen(h->style.eol); /* </DL> stays at a line's end */
	if ((is_new && bookmark_html_close(&text, h->style.eol, err) < 0) ||
	    add_edit(&e, h, at_line ? at - blanks : at, 0, err) < 0 ||
	    buf_append(&h->texts, buf_span(&text), err) < 0)
		return -1;
	e->text_n = text.n;
	return 0;
}

static int
insert_all(struct html *h, struct err *err)
{
	struct new_folders n = { NULL, NULL };
	uint32_t menu = h->roots[BOOKMARK_MENU];
	int rc;

	mark_wanted(h);
	rc = new_folders_init(&n, h, err);
	for (uint32_t i = 0; rc == 0 && i < h->folders.n; i++)
		if (h->more[i].is_wanted && (h->more[i].end_at != HTML_NOWHERE || i == menu))
			rc = insert(h, &n, i, err);
	free(n.first);
	return rc;
}

static int
compare_edits(const void *a, const void *b)
{
	const struct html_edit *x = a, *y = b;

	if (x->at != y->at)
		return (x->at > y->at) - (x->at < y->at);
	return (x->cut < y->cut) -
	       (x->cut > y->cut); /* the larger cut first: it takes in the other */
}

static int
copy_text(struct html *h, int fd, uint64_t at, uint64_t end, struct err *err)
{
	AUTO(free) uint8_t *piece = malloc(COPY_BYTES);

	if (!piece)
		return err_nomem(err);
	while (at < end) {
		size_t n = end - at < COPY_BYTES ? (size_t)(end - at) : COPY_BYTES;
		int rc = source_text_read(&h->text, at, piece, n, h->path, err);

		if (rc)
			return rc < 0 ? -1
				      : err_set(err, ERR_CONFLICT, "%s changed in the meantime",
						h->path);
		if (os_write_all(fd, span_of(piece, n), h->path, err) < 0)
			return -1;
		at += n;
	}
	return 0;
}

static int
write_text(struct html *h, int fd, struct err *err)
{
	uint64_t at = 0;

	if (h->n_edits)
		qsort(h->edits, h->n_edits, sizeof *h->edits, compare_edits);
	for (size_t i = 0; i < h->n_edits; i++) {
		const struct html_edit *e = &h->edits[i];

		if (e->is_added || (e->cut == 0 && e->text_n == 0) || e->at < at)
			continue; /* written with its folder, taken back, or cut with its folder */
		if (copy_text(h, fd, at, e->at, err) < 0 ||
		    (e->text_n && os_write_all(fd, span_of(h->texts.p + e->text_at, e->text_n),
					       h->path, err) < 0))
			return -1;
		at = e->at + e->cut;
	}
	return copy_text(h, fd, at, h->text.size, err);
}

static int
write_file(struct html *h, struct err *err)
{
	AUTO(folder_file_clear) struct folder_file file = FOLDER_FILE_INIT;
	struct app_stamp stamp;
	const char *name;
	int folder_fd, rc;

	rc = folder_of(&folder_fd, &name, &h->files.folder, h->path, FOLDER_MISSING_FAILS, err);
	if (rc)
		return rc < 0 ? -1
			      : err_set(err, ERR_CONFLICT, "the folder of %s is gone", h->path);
	if (folder_file_new(&file, folder_fd, err) < 0 || write_text(h, file.fd, err) < 0)
		return -1;
	rc = source_text_check(&h->text, &h->files, h->path, &h->stamp, err);
	if (rc == 0)
		rc = folder_file_look_like(&file, h->path, &h->text.st, err);
	if (rc == 0)
		rc = folder_file_replace(&file, h->path, &h->text.st, &stamp, err);
	return rc > 0 ? err_set(err, ERR_CONFLICT, "%s changed in the meantime", h->path) : rc;
}

int
html_commit(void *store, struct err *err)
{
	struct html *h = store;

	if (cut_folders(h, err) < 0 || insert_all(h, err) < 0 || write_file(h, err) < 0)
		return -1;
	html_forget(h);
	return 0;
}

/* Written, and read again. */
int
html_shown(struct buf *out, void *store, struct span bytes, struct err *err)
{
	struct html *h = store;
	AUTO(bookmark_clear) struct bookmark b = { .n_tags = 0 };
	AUTO(bookmark_html_link_clear)
	struct bookmark_html_link link = { .has_description = false };
	AUTO(buf_clear) struct buf text = BUF_INIT(ITEM_BYTES_MAX);
	struct span line;

	if (bookmark_parse(&b, bytes, err) < 0 ||
	    bookmark_html_link_print(&text, &b, 0, h->style, err) < 0)
		return -1;
	line = buf_span(&text);
	line.n -= strlen(h->style.eol);
	if (bookmark_html_link_parse(&link, span_skip(line, strlen("<DT>")), err) < 0)
		return -1;
	struct bookmark shown = link.b;
	shown.root = b.root;
	shown.folders = b.folders;
	shown.n_folders = b.n_folders;
	return bookmark_print(out, &shown, err);
}
