/* SPDX-License-Identifier: Apache-2.0 */
/* plan: which items are new or changed, and what became of the others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backup_internal.h"
#include "base/array.h"
#include "base/text.h"
#include "box/rules.h"
#include "box/threads.h"

#define APPS_MAX 1024
#define TODO_MAX 10000000

int
plan_app(uint32_t *at, struct run *r, const char *name, struct err *err)
{
	struct run_app *a;

	for (size_t i = 0; i < r->n_apps; i++)
		if (strcmp(r->apps[i].app->name, name) == 0) {
			*at = (uint32_t)i;
			return 0;
		}
	if (array_reserve((void **)&r->apps, &r->cap_apps, r->n_apps + 1, sizeof *r->apps, APPS_MAX,
			  err) < 0)
		return -1;
	a = &r->apps[r->n_apps];
	if (box_app_get(&a->app, r->box, name, err) < 0)
		return -1;
	*at = (uint32_t)r->n_apps++;
	return 0;
}

/* An app whose data is away: its items are not `missing`, nothing is known of them. */
static int
app_fails(struct run *r, const struct run_app *a, const struct err *why, struct err *err)
{
	char reason[sizeof why->msg + 400];

	snprintf(reason, sizeof reason,
		 _("%s; bring it back, or say where it lies now: cloudbox apps add %s --adapter %s "
		   "--path PATH"),
		 why->msg, a->app->name, a->app->adapter);
	return result_add(r,
			  &(struct backup_item){
				  .outcome = BACKUP_FAILED,
				  .app = a->app->name,
				  .id = a->app->name,
				  .name = a->app->name,
				  .reason = reason,
			  },
			  err);
}

/* What the app's rules could not be asked about: whether it is to be saved nobody knows. */
static int
tell_unasked(struct run *r, const struct run_app *a, struct err *err)
{
	struct rules_unasked unasked;
	char reason[400];
	uint64_t n;

	if (rules_unasked(&unasked, r->box, a->app->name, err) < 0)
		return -1;
	n = unasked.items + unasked.sources;
	if (n == 0)
		return 0;
	snprintf(reason, sizeof reason,
		 text_plural(
			 "%llu item or file could not be read now, so no rule was asked about it; "
			 "the next backup asks",
			 "%llu items or files could not be read now, so no rule was asked about "
			 "them; the next backup asks",
			 (unsigned long)n),
		 (unsigned long long)n);
	return result_add(r,
			  &(struct backup_item){
				  .outcome = BACKUP_FAILED,
				  .app = a->app->name,
				  .id = a->app->name,
				  .name = a->app->name,
				  .reason = reason,
			  },
			  err);
}

static int
open_app(struct run *r, struct run_app *a, struct err *err)
{
	struct err why = { 0 };

	if (app_session_open(&a->session, a->app, &why) == 0)
		return inventory_refresh(NULL, r->box, a->session, NULL, NULL, err) < 0
			       ? -1
			       : tell_unasked(r, a, err);
	return why.code == ERR_NOMEM ? err_nomem(err) : app_fails(r, a, &why, err);
}

/* Where found items go. */
struct finding {
	struct run *r;
	uint32_t app;
	const struct threads *threads; /* NULL: not only those of some threads */
};

/* 1: the item is in one of the threads; 0; -1. */
static int
is_in(const struct threads *t, struct run *r, const uint8_t *item, struct err *err)
{
	AUTO(buf_clear) struct buf thread = BUF_INIT(ITEM_BYTES_MAX);
	int rc = threads_of_item(&thread, NULL, r->box, item, err);

	return rc < 0 ? -1 : rc == 0 && threads_has(t, buf_span(&thread));
}

static int
add_todo(void *ctx, const struct pending *p, struct err *err)
{
	struct finding *f = ctx;
	struct run *r = f->r;
	struct todo *t;
	int meant = f->threads ? is_in(f->threads, r, p->item, err) : 1;

	if (meant <= 0)
		return meant;
	if (array_reserve((void **)&r->todo, &r->cap_todo, r->n_todo + 1, sizeof *r->todo, TODO_MAX,
			  err) < 0)
		return -1;
	t = &r->todo[r->n_todo++];
	*t = (struct todo){
		.app = f->app, .selected = p->selected, .saved = p->saved, .size = p->size
	};
	memcpy(t->item.b, p->item, sizeof t->item.b);
	r->progress.items_total++;
	r->progress.bytes_total += p->size;
	return 0;
}

/* Shortcuts whose item vanished are reported. */
struct missing {
	struct run *r;
	struct run_app *app;
};

static int
add_missing(struct run *r, struct run_app *a, const struct shortcut *s, struct err *err)
{
	AUTO(buf_clear) struct buf id = BUF_INIT(64u << 10);
	AUTO(buf_clear) struct buf name = BUF_INIT(64u << 10);

	a->missing++;
	if (item_show_id(&id, r->box, s->native_id, s->item, err) < 0 ||
	    buf_append(&name, s->name, err) < 0)
		return -1;
	return result_add(r,
			  &(struct backup_item){
				  .outcome = BACKUP_MISSING,
				  .app = s->app,
				  .id = buf_str(&id),
				  .name = buf_str(&name),
				  .reason = _("it is not in its app any more; its backup is kept"),
			  },
			  err);
}

static int
missing_shortcut(void *ctx, const struct shortcut *s, struct err *err)
{
	struct missing *m = ctx;

	return add_missing(m->r, m->app, s, err);
}

static int
plan_whole_app(struct run *r, uint32_t at, bool selected_only, struct err *err)
{
	struct run_app *a = &r->apps[at];
	struct finding f = { r, at, NULL };
	struct missing m = { r, a };

	if (open_app(r, a, err) < 0)
		return -1;
	if (!a->session)
		return 0;
	if (shortcuts_each_pending(r->box, a->app->name, selected_only, add_todo, &f, err) < 0 ||
	    shortcuts_count(&a->shortcuts, r->box, a->app->name, selected_only, err) < 0)
		return -1;
	return shortcuts_each_missing(r->box, a->app->name, selected_only, missing_shortcut, &m,
				      err);
}

/* Of messages that are not in the app any more nobody knows the thread: they are not looked at. */
static int
plan_thread(struct run *r, uint32_t at, const struct backup_request *q, struct err *err)
{
	AUTO(threads_clear) struct threads threads = { 0 };
	struct run_app *a = &r->apps[at];
	struct finding f = { r, at, &threads };

	if (open_app(r, a, err) < 0)
		return -1;
	if (!a->session)
		return 0;
	if (threads_find(&threads, r->box, a->app->name, q->thread, err) < 0 ||
	    shortcuts_each_pending(r->box, a->app->name, q->selected, add_todo, &f, err) < 0)
		return -1;
	return threads_count_shortcuts(&a->shortcuts, r->box, a->app->name, &threads, q->selected,
				       err);
}

static int
plan_item(struct run *r, uint32_t at, const char *typed, bool selected_only, struct err *err)
{
	AUTO(shortcut_found_clear) struct shortcut_found found = SHORTCUT_FOUND_INIT;
	struct run_app *a = &r->apps[at];
	struct finding f = { r, at, NULL };

	if (shortcut_find(&found, r->box, a->app->name, span_str(typed), err) < 0)
		return -1;
	if (selected_only && !found.shortcut.selected)
		return 0;
	a->shortcuts++;
	if (found.shortcut.state == SHORTCUT_MISSING)
		return add_missing(r, a, &found.shortcut, err);
	return shortcut_pending(r->box, a->app->name, found.shortcut.native_id, add_todo, &f, err) <
			       0
		       ? -1
		       : 0;
}

static int
by_item(const void *a, const void *b)
{
	const struct todo *x = a, *y = b;

	return id16_compare(&x->item, &y->item);
}

/* An item named twice is backed up once. */
static void
drop_repeated(struct run *r)
{
	size_t n = 0;

	if (r->n_todo > 1)
		qsort(r->todo, r->n_todo, sizeof *r->todo, by_item);
	for (size_t i = 0; i < r->n_todo; i++)
		if (n == 0 || !id16_equal(&r->todo[n - 1].item, &r->todo[i].item))
			r->todo[n++] = r->todo[i];
	r->n_todo = n;
}

static int
plan_items(struct run *r, uint32_t at, const struct backup_request *q, struct err *err)
{
	if (open_app(r, &r->apps[at], err) < 0)
		return -1;
	if (!r->apps[at].session)
		return 0;
	for (size_t i = 0; i < q->n_items; i++)
		if (plan_item(r, at, q->items[i], q->selected, err) < 0)
			return -1;
	drop_repeated(r);
	return 0;
}

struct folders {
	struct run *r;
	const char *only; /* or NULL: all */
	bool found;
};

static int
add_folder(void *ctx, const char *name, bool in_box, struct err *err)
{
	struct folders *f = ctx;
	bool has_rules = false;
	uint32_t at;

	if (f->only && strcmp(f->only, name) != 0)
		return 0;
	f->found = true;
	if (!in_box && rules_has(&has_rules, f->r->box, name, err) < 0)
		return -1;
	return in_box || has_rules ? plan_app(&at, f->r, name, err) : 0;
}

int
plan_make(struct run *r, const struct backup_request *q, struct err *err)
{
	struct folders f = { .r = r, .only = q->app };

	if (q->n_items > 0 && !q->app)
		return err_set(err, ERR_USAGE, "an item needs its app");
	if (q->thread && !q->app)
		return err_set(err, ERR_USAGE, "--thread needs the app whose messages are meant");
	if (q->thread && q->n_items)
		return err_set(err, ERR_USAGE, "either name items, or a thread: not both");
	if (box_app_names_each(r->box, add_folder, &f, err) < 0)
		return -1;
	if (q->app && !f.found)
		return err_set(err, ERR_NOT_FOUND, "there is no app %s in the Box", q->app);
	if (q->n_items > 0 && r->n_apps == 0)
		return err_set(err, ERR_NOT_FOUND, "no item of %s is in the Box", q->app);
	for (uint32_t i = 0; i < r->n_apps; i++) {
		r->progress.app = r->apps[i].app->name;
		run_show(r, false);
		if (q->n_items > 0 ? plan_items(r, i, q, err) < 0
		    : q->thread    ? plan_thread(r, i, q, err) < 0
				   : plan_whole_app(r, i, q->selected, err) < 0)
			return -1;
	}
	if (q->budget_bytes)
		budget_choose(r, *q->budget_bytes);
	return 0;
}
