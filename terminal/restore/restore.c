/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore: the run from a request to its receipt; see restore.h.
 *
 *     device -> list -> for each of its folders: which app takes it, which records, then cards.c or
 *     files.c -> receipt
 *
 * One named item of a device takes a shorter way: its record with its proof, in one request.
 */
#include <stdio.h>

#include "base/array.h"
#include "base/text.h"
#include "box/box_apps.h"
#include "box/box_items.h"
#include "box/shortcuts.h"
#include "remote/remote.h"
#include "restore/device.h"
#include "restore/pick.h"
#include "restore/restore_internal.h"
#include "restore/takeover.h"
#include "restore/when_version.h"

#define FOLDERS_MAX 1024 /* of a device: docs/formats */
#define SINGLE_MAX  4    /* so many named items go the shorter way; more: the list */

/* One cloud folder on its way into an app. */
struct cloud_folder {
	struct run *r;
	struct id16 id;
	char app[APP_NAME_MAX + 1]; /* "": not known before a record is opened */
	struct listing want;
	enum fetch_kind kind;
	bool have_target;
	struct target target;
	struct files *files;   /* owned; an app of whole files */
	struct cards *cards;   /* owned; an app whose items have fields */
	struct opened *opened; /* owned; a group */
	size_t n_opened, cap_opened;
};

static int
open_target(struct cloud_folder *f, struct span mime, struct err *err)
{
	f->have_target = true;
	return target_open(&f->target, f->r, f->app, mime, err);
}

static bool
has_fields(const struct cloud_folder *f)
{
	return f->target.session && f->target.session->adapter->form;
}

/* Records as they come. */

/* ERR_FORMAT: no app is called like that, and no folder should be. */
static int
learn_app(struct cloud_folder *f, struct span app, struct err *err)
{
	char name[APP_NAME_MAX + 1] = "";

	if (f->app[0])
		return 0;
	if (app.n <= APP_NAME_MAX && !memchr(app.p, '\0', app.n))
		memcpy(name, app.p, app.n);
	if (!app_name_is_valid(name))
		return err_set(err, ERR_FORMAT, "its app has a name that no app can have");
	memcpy(f->app, name, sizeof name);
	return 0;
}

static int
put_aside(struct cloud_folder *f, const struct fetched *it, struct err *err)
{
	if (array_reserve((void **)&f->opened, &f->cap_opened, f->n_opened + 1, sizeof *f->opened,
			  LISTING_ITEMS_MAX, err) < 0)
		return -1;
	if (opened_copy(&f->opened[f->n_opened], it, err) < 0) {
		opened_clear(&f->opened[f->n_opened]);
		return -1;
	}
	f->n_opened++;
	return 0;
}

static int
take(void *ctx, const struct fetched *it, struct err *err)
{
	struct cloud_folder *f = ctx;
	struct err odd = { 0 };
	const struct err *why = it->why;

	if (it->record && learn_app(f, it->record->app, &odd) < 0)
		why = &odd;
	if (why) {
		run_progress(f->r, 1);
		return result_add_unopened(f->r, f->app, it->at, why, err);
	}
	return it->record->live ? put_aside(f, it, err) : 0;
}

/* Items that no app here takes, or none now. */
static int
skip(struct cloud_folder *f, const struct opened *o, struct err *err)
{
	const struct record *rec = &o->record;
	char words[REASON_BYTES];
	size_t row;

	if (row_add(&row, f->r, rec->app, rec->native_id, rec->name, err) < 0)
		return -1;
	run_progress(f->r, 1);
	if (f->target.made_up)
		return result_set(f->r, row, RESTORE_ADDED, _("it was not here"), err);
	if (f->target.of_other_kind)
		return result_set(f->r, row, RESTORE_FAILED,
				  _("the app of that name here has another kind of items"), err);
	if (f->target.unready.code) {
		reason_of(words, &f->target.unready);
		return result_set(f->r, row, RESTORE_FAILED, words, err);
	}
	snprintf(words, sizeof words,
		 _("the app is not on this terminal; type: cloudbox apps add %s --adapter %s "
		   "--path PATH"),
		 f->app, adapter_for_type(rec->mime)->name);
	return result_set(f->r, row, RESTORE_SKIPPED, words, err);
}

/* Work off what was put aside. */
static int
deliver(struct cloud_folder *f, struct err *err)
{
	int rc = 0;

	if (f->n_opened == 0)
		return 0;
	if (!f->target.checked &&
	    target_check_kind(&f->target, f->r, f->app, f->opened, f->n_opened, err) < 0)
		return -1;
	if (!f->target.session || f->target.of_other_kind ||
	    (f->target.unready.code && !has_fields(f))) {
		for (size_t i = 0; rc == 0 && i < f->n_opened; i++)
			rc = skip(f, &f->opened[i], err);
	} else if (has_fields(f)) {
		if (!f->cards && cards_new(&f->cards, f->r, &f->target, err) < 0)
			return -1;
		rc = cards_take(f->cards, f->opened, f->n_opened, err);
	} else {
		if (!f->files && files_new(&f->files, f->r, &f->target, err) < 0)
			return -1;
		rc = files_restore(f->files, f->opened, f->n_opened, err);
	}
	for (size_t i = 0; i < f->n_opened; i++)
		opened_clear(&f->opened[i]);
	f->n_opened = 0;
	return rc < 0 ? rc : run_keep_proven(f->r, err);
}

/* The app for what is put aside, which says what a new one is to hold. */
static int
open_target_aside(struct cloud_folder *f, struct err *err)
{
	size_t before = f->n_opened;

	if ((f->r->thread || f->r->where) && before) {
		if ((f->r->thread ? of_thread_keep(f->r->thread, f->r->fetch, f->opened,
						   &f->n_opened, err)
				  : of_where_keep(f->r->where, f->r->fetch, f->opened, &f->n_opened,
						  err)) < 0)
			return -1;
		run_progress(f->r, before - f->n_opened);
	}
	if (f->n_opened == 0 || f->have_target)
		return 0;
	return open_target(f,
			   opened_form(f->opened, f->n_opened) ? f->opened[0].record.mime
							       : span_of(NULL, 0),
			   err);
}

/* A request's records are here. */
static int
group_done(void *ctx, struct err *err)
{
	struct cloud_folder *f = ctx;

	if (open_target_aside(f, err) < 0)
		return -1;
	if (run_check_cancelled(f->r, err) < 0)
		return -1;
	return deliver(f, err);
}

static int
finish(struct cloud_folder *f, struct err *err)
{
	if (open_target_aside(f, err) < 0)
		return -1;
	if (deliver(f, err) < 0)
		return -1;
	if (f->cards && cards_finish(f->cards, err) < 0)
		return -1;
	return f->files ? files_finish(f->files, err) : 0;
}

static void
folder_clear(struct cloud_folder *f)
{
	for (size_t i = 0; i < f->n_opened; i++)
		opened_clear(&f->opened[i]);
	free(f->opened);
	listing_clear(&f->want);
	files_free(f->files);
	cards_free(f->cards);
	target_clear(&f->target);
}
AUTO_OBJ(folder_clear, struct cloud_folder);

/* Which records. */

struct cloud_folders {
	struct cloud_folder *list; /* owned */
	size_t n, cap;
};

static void
folders_clear(struct cloud_folders *l)
{
	for (size_t i = 0; i < l->n; i++)
		folder_clear(&l->list[i]);
	free(l->list);
}
AUTO_OBJ(folders_clear, struct cloud_folders);

static int
folder_at(struct cloud_folder **out, struct cloud_folders *l, struct run *r, const struct id16 *id,
	  struct err *err)
{
	for (size_t i = 0; i < l->n; i++) {
		if (id16_equal(&l->list[i].id, id)) {
			*out = &l->list[i];
			return 0;
		}
	}
	if (array_reserve((void **)&l->list, &l->cap, l->n + 1, sizeof *l->list, FOLDERS_MAX, err) <
	    0)
		return -1;
	*out = &l->list[l->n++];
	**out = (struct cloud_folder){ .r = r, .id = *id };
	return 0;
}

/* The list, folder by folder, the Box's own apart; @only: that one alone. */
static int
folders_of(struct cloud_folders *l, struct run *r, const struct listing *items,
	   const struct id16 *only, struct err *err)
{
	struct id16 box = opener_folder_id(fetch_opener(r->fetch), span_str(BOX_APP));
	struct cloud_folder *f;

	for (size_t i = 0; i < items->n; i++) {
		struct wire_item w;

		if (listing_get(&w, items, i, err) < 0)
			return -1;
		if (id16_equal(&w.folder, &box) || (only && !id16_equal(&w.folder, only)))
			continue;
		if (folder_at(&f, l, r, &w.folder, err) < 0)
			return -1;
		f->want.scratch = items->scratch;
		if (listing_add(&f->want, &w, err) < 0)
			return -1;
		r->total++;
	}
	return 0;
}

struct naming {
	struct cloud_folders *l;
	const struct opener *opener;
};

/* A folder id tells nothing about its app, but the apps here tell their folder ids. */
static int
name_folder(void *ctx, const struct app *app, const struct box_app_counts *counts, struct err *err)
{
	struct naming *n = ctx;
	struct id16 id = opener_folder_id(n->opener, span_str(app->name));

	(void)counts;
	for (size_t i = 0; i < n->l->n; i++)
		if (id16_equal(&n->l->list[i].id, &id))
			return learn_app(&n->l->list[i], span_str(app->name), err);
	return 0;
}

/* The version that is wanted of each of a folder's items, or of one of them. */
static int
choose_versions(struct cloud_folder *f, const struct id16 *item, struct err *err)
{
	struct version_wish wish = { f->r->rq->version, f->r->rq->at_unix_ms };
	AUTO(batch_times_clear) struct batch_times times = { 0 };
	AUTO(listing_clear)
	struct listing versions = { .scratch = fetch_live(f->r->fetch)->scratch };

	if (fetch_versions(&versions, f->r->fetch, &f->id, item, err) < 0 ||
	    (wish.at_unix_ms && batch_times_read(&times, f->r->fetch, &versions, err) < 0))
		return -1;
	listing_clear(&f->want);
	f->want.scratch = versions.scratch;
	f->kind = FETCH_VERSIONS;
	return versions_choose(&f->want, &versions, &wish, &times, err);
}

/* All of a folder. */
static int
restore_folder(struct cloud_folder *f, struct err *err)
{
	struct fetch_sink sink = { f, take, group_done };

	if ((f->r->rq->version || f->r->rq->at_unix_ms) && choose_versions(f, NULL, err) < 0)
		return -1;
	/* what a folder that is made anew holds, the first record says */
	if (f->app[0] && !f->r->rq->create_dir && open_target(f, (struct span){ NULL, 0 }, err) < 0)
		return -1;
	if (f->r->thread && of_thread_learn(f->r->thread, f->r->fetch, &f->want, f->kind, err) < 0)
		return -1;
	if (fetch_records(f->r->fetch, &f->want, f->kind, &sink, err) < 0)
		return -1;
	return finish(f, err);
}

int
restore_folders(struct run *r, struct err *err)
{
	AUTO(folders_clear) struct cloud_folders l = { 0 };
	struct naming naming = { &l, fetch_opener(r->fetch) };
	struct id16 only = { { 0 } };

	if (r->rq->app)
		only = opener_folder_id(fetch_opener(r->fetch), span_str(r->rq->app));
	if (folders_of(&l, r, fetch_live(r->fetch), r->rq->app ? &only : NULL, err) < 0 ||
	    box_apps_each(r->box, name_folder, &naming, err) < 0)
		return -1;
	if (r->rq->app && l.n == 0) {
		struct cloud_folder *f;

		if (!r->rq->version && !r->rq->at_unix_ms)
			return err_set(err, ERR_NOT_FOUND,
				       "nothing of app \"%s\" is backed up there", r->rq->app);
		if (folder_at(&f, &l, r, &only, err) < 0) /* all of it was removed since */
			return -1;
	}
	for (size_t i = 0; i < l.n; i++) {
		if (r->rq->app && learn_app(&l.list[i], span_str(r->rq->app), err) < 0)
			return -1;
		if (restore_folder(&l.list[i], err) < 0)
			return -1;
	}
	return 0;
}

/* Named items. */

static int
offer(void *ctx, const struct fetched *it, struct err *err)
{
	return picks_offer(ctx, it, err);
}

/* What item ids the texts would have, for records that cannot be opened. */
static int
expect(struct run *r, struct picks *p, struct err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		AUTO(shortcut_found_clear) struct shortcut_found f = SHORTCUT_FOUND_INIT;
		struct pick *k = &p->list[i];
		struct span text = span_str(k->text);
		struct err why = { 0 };

		k->expected[0] = opener_item_id(fetch_opener(r->fetch), span_str(r->rq->app), text);
		if (shortcut_find(&f, r->box, r->rq->app, text, &why) == 0)
			memcpy(k->expected[1].b, f.shortcut.item, sizeof k->expected[1].b);
		else if (why.code == ERR_NOMEM)
			return err_nomem(err);
	}
	return 0;
}

/* Each text asked for as a native id, with its proof.  0: all found; 1: the list is needed. */
static int
pick_directly(struct run *r, struct picks *p, struct err *err)
{
	struct fetch_sink sink = { p, offer, NULL };

	if (p->n > SINGLE_MAX || r->rq->version || r->rq->at_unix_ms)
		return 1;
	if (expect(r, p, err) < 0)
		return -1;
	for (size_t i = 0; i < p->n; i++) {
		int rc = fetch_item(r->fetch, span_str(r->rq->app), span_str(p->list[i].text),
				    &sink, err);

		if (rc < 0)
			return -1;
		if (rc != 0 || p->list[i].n == 0)
			return 1;
	}
	return 0;
}

/* All records of the app's folder, looked through. */
static int
pick_from_list(struct run *r, struct picks *p, struct err *err)
{
	AUTO(listing_clear) struct listing want = { .scratch = fetch_live(r->fetch)->scratch };
	struct id16 folder = opener_folder_id(fetch_opener(r->fetch), span_str(r->rq->app));
	struct fetch_sink sink = { p, offer, NULL };

	if (listing_of_folder(&want, fetch_live(r->fetch), &folder, err) < 0)
		return -1;
	return fetch_records(r->fetch, &want, FETCH_LIVE, &sink, err);
}

/* The version of item @id that is wanted, put aside. */
static int
take_version(struct cloud_folder *f, const struct id16 *id, const char *text, struct err *err)
{
	struct fetch_sink sink = { f, take, NULL };

	if (choose_versions(f, id, err) < 0)
		return -1;
	if (f->want.n == 0) {
		err_set(err, ERR_NOT_FOUND, "there is no such version of \"%.200s\"", text);
		return err_hint(err, "`cloudbox history %s ITEM` lists them", f->r->rq->app);
	}
	return fetch_records(f->r->fetch, &f->want, f->kind, &sink, err);
}

static bool
is_aside(const struct cloud_folder *f, const struct id16 *item)
{
	for (size_t i = 0; i < f->n_opened; i++)
		if (id16_equal(&f->opened[i].at.item, item))
			return true;
	return false;
}

static int
aside_picked(struct cloud_folder *f, struct picks *p, struct err *err)
{
	for (size_t i = 0; i < p->n; i++) {
		struct pick *k = &p->list[i];
		struct fetched it = { &k->found[0].at, k->found[0].saved_unix_ms,
				      &k->found[0].record, NULL };

		if (is_aside(f, &it.at->item))
			continue;
		if (f->r->rq->version || f->r->rq->at_unix_ms) {
			if (take_version(f, &it.at->item, k->text, err) < 0)
				return -1;
		} else if (take(f, &it, err) < 0) {
			return -1;
		}
	}
	return 0;
}

static int
restore_picked(struct run *r, struct picks *p, struct err *err)
{
	AUTO(folder_clear) struct cloud_folder f = { .r = r };

	f.id = opener_folder_id(fetch_opener(r->fetch), span_str(r->rq->app));
	r->total = p->n;
	if (learn_app(&f, span_str(r->rq->app), err) < 0 || aside_picked(&f, p, err) < 0)
		return -1;
	return finish(&f, err);
}

/* An item that is not live any more still has versions under its native id. */
static int
add_removed(struct run *r, struct picks *p, struct err *err)
{
	struct id16 folder = opener_folder_id(fetch_opener(r->fetch), span_str(r->rq->app));
	struct fetch_sink sink = { p, offer, NULL };

	if (!r->rq->version && !r->rq->at_unix_ms)
		return 0;
	for (size_t i = 0; i < p->n; i++) {
		AUTO(listing_clear) struct listing versions = { 0 };
		AUTO(listing_clear) struct listing one = { 0 };
		struct id16 item = opener_item_id(fetch_opener(r->fetch), span_str(r->rq->app),
						  span_str(p->list[i].text));

		if (p->list[i].n > 0)
			continue;
		if (fetch_versions(&versions, r->fetch, &folder, &item, err) < 0)
			return -1;
		for (size_t j = versions.n; one.n == 0 && j-- > 0;)
			if (!(versions.items[j].flags & RECORD_TOMBSTONE) &&
			    listing_add(&one, &versions.items[j], err) < 0)
				return -1;
		if (fetch_records(r->fetch, &one, FETCH_VERSIONS, &sink, err) < 0)
			return -1;
	}
	return 0;
}

static int
restore_named(struct run *r, struct err *err)
{
	AUTO(picks_clear) struct picks p = { 0 };
	const struct restore_request *rq = r->rq;
	int rc;

	if (picks_new(&p, rq->items, rq->n_items, r->me->ids, err) < 0)
		return -1;
	rc = device_first(&r->fetch, r->box, r->u, rq->from, err);
	if (rc < 0)
		return -1;
	rc = rc == 0 ? pick_directly(r, &p, err) : 1;
	if (rc < 0)
		return -1;
	if (rc == 0)
		return run_check_newest(r, err) < 0 || run_begin(r, err) < 0
			       ? -1
			       : restore_picked(r, &p, err);
	picks_clear(&p);
	fetch_free(r->fetch);
	r->fetch = NULL;
	if (picks_new(&p, rq->items, rq->n_items, r->me->ids, err) < 0 ||
	    run_open_device(r, DEVICE_NEEDS_ITEMS, err) < 0 || expect(r, &p, err) < 0 ||
	    pick_from_list(r, &p, err) < 0 || add_removed(r, &p, err) < 0 ||
	    picks_check(&p, err) < 0)
		return -1;
	return run_begin(r, err) < 0 ? -1 : restore_picked(r, &p, err);
}

static int
restore_apps(struct run *r, struct err *err)
{
	if (run_open_device(r, DEVICE_NEEDS_ITEMS, err) < 0 || run_begin(r, err) < 0)
		return -1;
	return restore_folders(r, err);
}

static int
restore_thread(struct run *r, struct err *err)
{
	AUTO(of_thread_clear) struct of_thread thread = { 0 };
	int rc;

	if (of_thread_init(&thread, r->box, r->rq->thread, err) < 0)
		return -1;
	r->thread = &thread;
	rc = restore_apps(r, err);
	r->thread = NULL;
	if (rc < 0 || thread.kept || r->out->failed)
		return rc;
	return err_set(err, ERR_NOT_FOUND, "no backed-up message of %s is in a thread with %.200s",
		       r->rq->app, r->rq->thread);
}

static int
restore_where(struct run *r, struct err *err)
{
	AUTO(of_where_clear) struct of_where where = { 0 };
	int rc;

	if (of_where_init(&where, r->box, r->rq->where, err) < 0)
		return -1;
	r->where = &where;
	rc = restore_apps(r, err);
	r->where = NULL;
	if (rc < 0 || where.kept || r->out->failed)
		return rc;
	return err_set(err, ERR_NOT_FOUND, "no backed-up item of %s is meant by that", r->rq->app);
}

/* Items were there, and none has any of the fields that are wanted: most likely a slip of the pen. */
static int
check_fields(const struct run *r, struct err *err)
{
	if (!r->rq->n_fields || r->rq->n_items || !r->out->n_items || r->any_field)
		return 0;
	if (restore_result_count(r->out, RESTORE_SKIPPED) < r->out->n_items)
		return 0;
	err_set(err, ERR_NOT_FOUND, "no backed-up item has a field \"%.100s\"", r->rq->fields[0]);
	return err_hint(err, "`--preview` shows the fields of each item");
}

/* From the request to the receipt. */

static int
check_request(const struct restore_request *rq, struct err *err)
{
	if (rq->n_items && !rq->app)
		return err_set(err, ERR_USAGE, "items are named without their app");
	if (rq->thread && !rq->app)
		return err_set(err, ERR_USAGE, "--thread needs the app whose messages are meant");
	if (rq->thread && rq->n_items)
		return err_set(err, ERR_USAGE, "either name items, or a thread: not both");
	if (rq->where && !rq->app)
		return err_set(err, ERR_USAGE, "--where needs the app whose items are meant");
	if (rq->where && (rq->n_items || rq->thread))
		return err_set(err, ERR_USAGE,
			       "items, --all, a thread, or an expression: one of these");
	if (rq->into && !rq->app)
		return err_set(err, ERR_USAGE, "--into needs the app whose items are to go there");
	if (rq->version && rq->at_unix_ms)
		return err_set(err, ERR_USAGE, "--version and --at exclude each other");
	return 0;
}

int
restore_run(struct restore_result *out, struct box *box, struct unlocked *u,
	    const struct restore_request *request, const struct restore_watch *watch,
	    struct err *err)
{
	struct run r = { .out = out, .box = box, .u = u, .rq = request, .watch = watch };
	int rc;

	if (check_request(request, err) < 0 || run_start(&r, err) < 0)
		return -1;
	if (request->app && strcmp(request->app, BOX_APP) == 0)
		rc = takeover_run(&r, err);
	else
		rc = request->n_items  ? restore_named(&r, err)
		     : request->thread ? restore_thread(&r, err)
		     : request->where  ? restore_where(&r, err)
				       : restore_apps(&r, err);
	if (rc == 0)
		rc = check_fields(&r, err);
	return run_end(&r, rc, err);
}

int
restore_take_over_box(struct restore_result *out, struct box *box, struct unlocked *u,
		      const char *from, const struct restore_watch *watch, struct err *err)
{
	struct restore_request request = { .app = BOX_APP, .from = from };

	return restore_run(out, box, u, &request, watch, err);
}
