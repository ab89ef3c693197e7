/* SPDX-License-Identifier: Apache-2.0 */
/* text_apply: changes that are at hand, grouped by the file they concern; the file that takes new items. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apps/text_series.h"
#include "apps/text_write.h"
#include "base/array.h"

/* 1. Where new items go. */

/* Files of the folder, in order. */
struct candidates {
	struct app_source *list; /* owned, with its paths */
	size_t n, cap;
};

static void
candidates_clear(struct candidates *c)
{
	for (size_t i = 0; i < c->n; i++)
		free((void *)(uintptr_t)c->list[i].path);
	free(c->list);
}
AUTO_OBJ(candidates_clear, struct candidates);

static int
add_candidate(void *ctx, const struct app_source *source, struct err *err)
{
	struct candidates *c = ctx;

	if (array_reserve((void **)&c->list, &c->cap, c->n + 1, sizeof *c->list, SIZE_MAX / 256,
			  err) < 0)
		return -1;
	c->list[c->n] = *source;
	c->list[c->n].path = strdup(source->path);
	return c->list[c->n++].path ? 0 : err_nomem(err);
}

static int
can_take(bool *out, struct folder_session *s, const struct app_source *source,
	 const struct text_root *root, struct err *err)
{
	AUTO(source_text_clear) struct source_text t = SOURCE_TEXT_INIT;
	struct text_frame f = { .whole = false };
	struct err why = { 0 };
	int rc = source_text_open(&t, s, source->path, &source->stamp, &why);

	if (rc == 0)
		rc = source_text_survey(&f, &t, source->path, root, &why);
	*out = rc == 0 && f.whole;
	return rc < 0 && why.code == ERR_NOMEM ? err_nomem(err) : 0;
}

/* An empty file of that root, under a name that is free. */
static int
make_home(char **path, struct folder_session *s, const struct text_kind *kind, struct err *err)
{
	AUTO(pending_clear) struct pending p = { .file = FOLDER_FILE_INIT, .is_new = true };
	AUTO(buf_clear) struct buf text = BUF_INIT(4096);
	struct folder_file *file = &p.file;
	struct app_stamp stamp;

	if (buf_append_str(&text, kind->root->empty, err) < 0 ||
	    pending_begin(&p, s, kind->new_file, FOLDER_MISSING_MAKE, err) != 0 ||
	    os_write_all(p.file.fd, buf_span(&text), p.path, err) < 0 ||
	    folder_files_sync(&file, 1, err) < 0 || pending_put_new(&p, err) < 0 ||
	    folder_files_settle(&file, 1, &stamp, err) < 0)
		return -1;
	*path = TAKE(p.path);
	return 0;
}

/* The last file, by path, that can take more: exporters name them by date. */
int
text_app_home(const char **out, struct app_session *session, struct err *err)
{
	struct folder_session *s = folder_session_of(session);
	const struct text_kind *kind = text_kind_of(session);
	AUTO(candidates_clear) struct candidates all = { NULL, 0, 0 };
	struct text_state *state = text_state_of(s, err);
	bool can = false, apart = false;
	char *path = NULL;

	if (!state)
		return -1;
	*out = s->folder.only ? s->folder.only : state->home;
	if (*out || !kind->root)
		return 0;
	if (kind->series && (text_series_apart(&apart, s, err) < 0 || apart))
		return apart ? 0 : -1;
	if (folder_walk(&s->folder, kind->wants, add_candidate, NULL, &all, err) < 0)
		return -1;
	for (size_t i = all.n; !can && i-- > 0;) {
		if (can_take(&can, s, &all.list[i], kind->root, err) < 0)
			return -1;
		if (can && !(path = strdup(all.list[i].path)))
			return err_nomem(err);
	}
	if (!path && make_home(&path, s, kind, err) < 0)
		return -1;
	*out = state->home = path;
	return 0;
}

/* 2. Changes that are at hand. */

/* An app_rewrite over the changes of one source. */
struct listed {
	struct app_change **changes;
	size_t n, at;
};

static int
listed_next(void *ctx, struct app_edit *out, struct err *err)
{
	struct listed *l = ctx;

	(void)err;
	if (l->at == l->n)
		return APP_END;
	const struct app_change *c = l->changes[l->at];
	*out = (struct app_edit){ c->kind, c->place.offset, c->place.size, c->expected, c->bytes };
	return 0;
}

static int
listed_placed(void *ctx, uint64_t offset, uint64_t size, struct err *err)
{
	struct listed *l = ctx;
	struct app_change *c = l->changes[l->at++];

	(void)err;
	c->written.offset = offset;
	c->written.size = size;
	return 0;
}

static int
listed_refused(void *ctx, const struct err *why, struct err *err)
{
	struct listed *l = ctx;
	struct app_change *c = l->changes[l->at++];

	(void)err;
	c->result = APP_CHANGE_REFUSED;
	c->err = *why;
	return 0;
}

static void
set_results(struct app_change **changes, size_t n, enum app_change_result result,
	    const struct err *why)
{
	for (size_t i = 0; i < n; i++) {
		if (changes[i]->result == APP_CHANGE_REFUSED)
			continue;
		changes[i]->result = result;
		if (why)
			changes[i]->err = *why;
	}
}

/* How it went with the changes of @p: @rc 0, APP_MOVED or -1 with @why. */
static void
tell(const struct pending *p, int rc, const struct app_stamp *stamp, struct err *why)
{
	for (size_t i = 0; rc == 0 && i < p->n_changes; i++) {
		struct app_change *c = p->changes[i];

		if (c->result == APP_CHANGE_REFUSED)
			continue;
		c->written_path = strdup(p->path);
		if (!c->written_path)
			rc = err_nomem(why);
		c->written.source = c->written_path;
		c->written.stamp = *stamp;
		c->written.form = (uint8_t)p->form;
	}
	if (rc == APP_MOVED)
		err_set(why, ERR_CONFLICT, "%s changed in the meantime", p->path);
	set_results(p->changes, p->n_changes,
		    rc == 0           ? APP_CHANGE_DONE
		    : rc == APP_MOVED ? APP_CHANGE_CONFLICT
				      : APP_CHANGE_FAILED,
		    rc ? why : NULL);
}

/* Files that go into place together. */
struct batch {
	struct folder_session *session;
	const char *home;            /* of additions; NULL: each by itself, or */
	struct text_target *targets; /* where each goes: of additions, by the change's number */
	const struct app_change *changes; /* the first of all */
	struct pending list[FOLDER_FILES_MAX];
	size_t n;
};

/* Those that are in place are durable when it returns. */
static void
batch_settle(struct pending **placed, size_t n)
{
	struct folder_file *files[FOLDER_FILES_MAX];
	struct app_stamp stamps[FOLDER_FILES_MAX];
	struct err why = { 0 };
	int rc;

	for (size_t i = 0; i < n; i++)
		files[i] = &placed[i]->file;
	rc = n ? folder_files_settle(files, n, stamps, &why) : 0;
	for (size_t i = 0; i < n; i++)
		tell(placed[i], rc, &stamps[i], &why);
}

static void
batch_flush(struct batch *b)
{
	struct folder_file *files[FOLDER_FILES_MAX];
	struct pending *placed[FOLDER_FILES_MAX];
	struct err why = { 0 };
	size_t n = 0;
	int synced;

	for (size_t i = 0; i < b->n; i++)
		files[i] = &b->list[i].file;
	synced = b->n ? folder_files_sync(files, b->n, &why) : 0;
	for (size_t i = 0; i < b->n; i++) {
		struct pending *p = &b->list[i];
		struct app_stamp stamp = folder_stamp(&p->like);
		struct err bad = why;
		int rc = synced < 0 ? -1 : pending_put(p, &bad);

		if (rc == 0 && p->is_new && b->targets)
			rc = text_series_made(b->session, p->changes[0]->bytes, p->path, &bad);
		if (rc == 0 && !p->is_gone)
			placed[n++] = p;
		else
			tell(p, rc, &stamp, &bad);
	}
	batch_settle(placed, n);
	for (size_t i = 0; i < b->n; i++)
		pending_clear(&b->list[i]);
	b->n = 0;
}

/* Additions without a home have no source in common: each by itself, after everything else. */
static bool
stands_alone(const struct batch *b, const struct app_change *c)
{
	return c->kind == APP_ADD && !b->home && !b->targets;
}

static const char *
source_of(const struct batch *b, const struct app_change *c)
{
	if (c->kind != APP_ADD)
		return c->place.source;
	return b->targets ? b->targets[c - b->changes].path : b->home ? b->home : "";
}

static bool
makes_source(const struct batch *b, const struct app_change *c)
{
	return c->kind == APP_ADD && b->targets && b->targets[c - b->changes].is_new;
}

/* A file that is made is another one than what has its name by now. */
static int
source_compare(const struct batch *b, const struct app_change *x, const struct app_change *y)
{
	int c = makes_source(b, x) - makes_source(b, y);

	return c ? c : strcmp(source_of(b, x), source_of(b, y));
}

static int
change_compare(const void *a, const void *b, void *batch)
{
	const struct app_change *x = *(struct app_change *const *)a;
	const struct app_change *y = *(struct app_change *const *)b;
	int c = source_compare(batch, x, y);

	if (c)
		return c;
	if ((x->kind == APP_ADD) != (y->kind == APP_ADD))
		return x->kind == APP_ADD ? 1 : -1;
	if (x->kind != APP_ADD && x->place.offset != y->place.offset)
		return x->place.offset < y->place.offset ? -1 : 1;
	return x < y ? -1 : x > y; /* the order given */
}

/* The changes of one source were planned against one state of it. */
static int
prepare_source(struct pending *p, const struct batch *b, struct err *err)
{
	struct listed l = { p->changes, p->n_changes, 0 };
	struct app_rewrite w = { &l, 0, listed_next, listed_placed, listed_refused };
	struct folder_session *s = b->session;
	struct app_source source = { source_of(b, l.changes[0]), l.changes[0]->place.stamp };
	int rc = 0;

	const struct app_change *last = l.changes[l.n - 1];
	for (size_t i = 1; i < l.n && l.changes[i]->kind != APP_ADD; i++)
		if (!app_stamp_equal(&l.changes[i]->place.stamp, &source.stamp))
			rc = APP_MOVED;
	for (size_t i = 0; i < l.n; i++)
		w.grows += (l.changes[i]->kind == APP_ADD) - (l.changes[i]->kind == APP_REMOVE);
	if (makes_source(b, last))
		return pending_text_new(p, s, source.path, &w, err);
	if (l.changes[0]->kind == APP_ADD)
		rc = folder_stamp_of(&source.stamp, &s->folder, source.path, err);
	if (rc == 0 && last->kind == APP_ADD && b->targets)
		rc = text_series_check(s, &source, last->bytes, err);
	return rc ? rc : pending_text(p, s, &source, &w, err);
}

/* Prepare the changes of one source, or one addition; what fails is told at once. */
static void
batch_add(struct batch *b, struct app_change **changes, size_t n)
{
	struct pending *p = &b->list[b->n];
	struct err why = { 0 };
	int rc;

	*p = (struct pending){ .file = FOLDER_FILE_INIT, .changes = changes, .n_changes = n };
	changes[0]->written.size = changes[0]->bytes.n; /* where it is all that is in its file */
	rc = stands_alone(b, changes[0]) ? pending_new(p, b->session, changes[0], &why)
					 : prepare_source(p, b, &why);
	if (rc == 0) {
		b->n++;
	} else {
		if (!p->path)
			p->path = strdup(source_of(b, changes[0]));
		tell(p, rc, NULL, &why);
		pending_clear(p);
	}
	if (b->n == FOLDER_FILES_MAX)
		batch_flush(b);
}

static void
batch_clear(struct batch *b, size_t n_changes)
{
	for (size_t i = 0; b->targets && i < n_changes; i++)
		free(b->targets[i].path);
	free(b->targets);
	b->targets = NULL;
}

/* Where additions go. */
static int
find_targets(struct batch *b, const struct app_change *changes, size_t n, struct err *err)
{
	struct app_session *s = &b->session->base;
	bool adds = false;

	b->changes = changes;
	b->home = b->session->folder.only;
	for (size_t i = 0; i < n; i++)
		adds |= changes[i].kind == APP_ADD;
	if (!adds || b->home)
		return 0;
	if (text_app_home(&b->home, s, err) < 0)
		return -1;
	if (b->home || !text_kind_of(s)->series)
		return 0;
	b->targets = calloc(n, sizeof *b->targets);
	if (!b->targets)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		if (changes[i].kind == APP_ADD &&
		    text_series_target(&b->targets[i], b->session, changes[i].bytes, err) < 0)
			return -1;
	return 0;
}

int
text_app_apply(struct app_session *s, struct app_change *changes, size_t n, struct err *err)
{
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is what is meant */
	AUTO(free) struct app_change **sorted = calloc(n ? n : 1, sizeof(*sorted));
	AUTO(free) struct batch *b = calloc(1, sizeof *b);
	size_t failed = 0;

	if (!sorted || !b)
		return err_nomem(err);
	b->session = folder_session_of(s);
	if (find_targets(b, changes, n, err) < 0)
		return batch_clear(b, n), -1;
	for (size_t i = 0; i < n; i++)
		sorted[i] = &changes[i];
	/* NOLINTNEXTLINE(bugprone-sizeof-expression) */
	qsort_r(sorted, n, sizeof(*sorted), change_compare, b);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && !stands_alone(b, sorted[i]); end++)
			if (source_compare(b, sorted[i], sorted[end]) != 0)
				break;
		batch_add(b, sorted + i, end - i);
	}
	batch_flush(b);
	batch_clear(b, n);
	for (size_t i = 0; i < n; i++)
		failed += changes[i].result != APP_CHANGE_DONE;
	if (failed)
		text_series_forget(b->session); /* the folder may be another by now */
	if (failed)
		return err_set(err, ERR_PARTIAL, "%zu of %zu changes were not made", failed, n);
	return 0;
}
