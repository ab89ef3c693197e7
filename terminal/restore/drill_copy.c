/* SPDX-License-Identifier: Apache-2.0 */
/* drill_copy: see drill_copy.h. */
#include "restore/drill_copy.h"

#include <stdio.h>

#include "apps/apps.h"
#include "base/text.h"
#include "box/box_apps.h"
#include "box/box_items.h"
#include "box/identity.h"
#include "box/inventory.h"
#include "box/region.h"
#include "os/scratch.h"
#include "restore/plan.h"

struct drill_copy {
	struct box *box;
	struct scratch *scratch; /* owned; of the item at hand */
	/* The app of the last item, and whether it is open: items of an app mostly come together. */
	char app_name[APP_NAME_MAX + 1];
	struct app *app;             /* owned; NULL: not on this terminal */
	struct app_session *session; /* owned; NULL: it cannot be opened now */
};

int
drill_copy_new(struct drill_copy **out, struct box *box, struct err *err)
{
	AUTO(drill_copy_free) struct drill_copy *c = calloc(1, sizeof *c);

	if (!c)
		return err_nomem(err);
	c->box = box;
	*out = TAKE(c);
	return 0;
}

static void
close_app(struct drill_copy *c)
{
	app_session_free(TAKE(c->session));
	app_free(TAKE(c->app));
	c->app_name[0] = '\0';
}

void
drill_copy_free(struct drill_copy *c)
{
	if (!c)
		return;
	close_app(c);
	scratch_free(c->scratch);
	free(c);
}

bool
drill_copy_wants(const struct record *rec)
{
	return rec->live && form_of_type(rec->mime) != NULL;
}

static int
bad(char reason[static REASON_BYTES], const struct err *why)
{
	reason_of(reason, why);
	return DRILL_COPY_BAD;
}

/* What went wrong with the item itself, not with memory or disk. */
static bool
is_of_item(const struct err *why)
{
	switch (why->code) {
	case ERR_SYNTAX:
	case ERR_FORMAT:
	case ERR_LIMIT:
	case ERR_UNSUPPORTED:
		return true;
	default:
		return false;
	}
}

/* ---- the app as it is ---- */

/* What the app has for the item. */
struct live {
	struct drill_copy *copy;
	struct inventory_found found;
	struct buf bytes;
	bool here;
};

#define LIVE_INIT                                                                                  \
	{                                                                                          \
		.found = INVENTORY_FOUND_INIT, .bytes = BUF_INIT(ITEM_BYTES_MAX)                   \
	}

static void
live_clear(struct live *l)
{
	inventory_found_clear(&l->found);
	buf_clear(&l->bytes);
}
AUTO_OBJ(live_clear, struct live);

/* An app that is not here, or does not open now, has nothing to merge with. */
static int
open_app(struct drill_copy *c, const char *name, struct err *err)
{
	struct err why = { 0 };

	if (strcmp(c->app_name, name) == 0)
		return 0;
	close_app(c);
	snprintf(c->app_name, sizeof c->app_name, "%s", name);
	if (box_app_get(&c->app, c->box, name, &why) == 0 &&
	    app_session_open(&c->session, c->app, &why) == 0)
		return 0;
	return why.code == ERR_NOMEM ? err_nomem(err) : 0;
}

/* One that changes, or cannot be read at this moment, is merged another time. */
static int
load_live(struct live *l, struct drill_copy *c, const uint8_t item[static BOX_ID_BYTES],
	  struct err *err)
{
	struct err why = { 0 };
	int rc = inventory_get_id(&l->found, c->box, item, err);

	l->copy = c;
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	if (open_app(c, l->found.item.app, err) < 0)
		return -1;
	if (!c->session || !c->session->adapter->form)
		return 0;
	rc = item_read_all(&l->bytes, c->session, &l->found.item.place, &why);
	l->here = rc == 0;
	return why.code == ERR_NOMEM ? err_nomem(err) : 0;
}

static int
read_live(void *ctx, size_t at, struct buf *out, struct buf *id, struct err *err)
{
	const struct live *l = ctx;

	(void)at; /* there is one */
	if (buf_append(id, l->found.item.native_id, err) < 0)
		return -1;
	return buf_append(out, buf_span(&l->bytes), err);
}

/* ---- restoring ---- */

/* One restore into an app with @live's item, or none. */
struct trial {
	const struct form *form;
	const struct item_profile *profile;
	struct live *live; /* or NULL */
	struct plan_theirs theirs;
};

static int
make_plan(struct plan_step *step, struct plan **plan, const struct trial *t, struct err *err)
{
	struct plan_rules rules = { .form = t->form,
				    .outside = !t->live,
				    .profile = t->profile,
				    .read = read_live,
				    .ctx = t->live };
	int rc;

	if (plan_new(plan, &rules, err) < 0)
		return -1;
	if (t->live &&
	    plan_add_live(*plan, t->live->found.item.native_id, buf_span(&t->live->bytes), err) < 0)
		return -1;
	rc = plan_item(step, *plan, &t->theirs, PLAN_SURE, err);
	return rc == PLAN_LATER ? plan_item(step, *plan, &t->theirs, PLAN_REST, err) : rc;
}

/* What would be written, put aside and read back. */
static int
through_scratch(struct buf *out, struct drill_copy *c, struct span bytes, struct err *err)
{
	struct scratch_place place;

	if (!c->scratch && scratch_new(&c->scratch, box_home_fd(c->box), err) < 0)
		return -1;
	if (scratch_put(&place, c->scratch, bytes, err) < 0)
		return -1;
	return scratch_get(out, c->scratch, place, err);
}

/* Restored twice, nothing is left to do the second time. */
static int
check_written(char reason[static REASON_BYTES], const struct trial *t, struct span written,
	      struct err *why)
{
	AUTO(merge_outcome_clear) struct merge_outcome o = MERGE_OUTCOME_INIT;
	AUTO(item_free) struct item *mine = NULL;
	AUTO(item_free) struct item *theirs = NULL;

	if (t->form->parse(&mine, written, "", 1, t->profile, why) < 0 ||
	    t->form->parse(&theirs, t->theirs.bytes, "", 1, t->profile, why) < 0)
		return -1;
	item_mark_dropped(theirs);
	if (merge_items(&o, mine, theirs, NULL, why) < 0)
		return -1;
	if (o.result == MERGE_IDENTICAL)
		return 0;
	snprintf(reason, REASON_BYTES, "%s",
		 _("restored into an empty app, it would not be whole"));
	return DRILL_COPY_BAD;
}

static int
run_trial(char reason[static REASON_BYTES], struct drill_copy *c, const struct trial *t,
	  struct err *why)
{
	AUTO(plan_step_clear) struct plan_step step = { 0 };
	AUTO(plan_free) struct plan *plan = NULL;
	AUTO(buf_clear) struct buf written = BUF_INIT(2 * (size_t)ITEM_BYTES_MAX);

	if (make_plan(&step, &plan, t, why) < 0)
		return -1;
	if (step.outcome == RESTORE_FAILED) {
		snprintf(reason, REASON_BYTES, "%s", step.reason);
		return DRILL_COPY_BAD;
	}
	if (!step.writes)
		return 0;
	return through_scratch(&written, c, buf_span(&step.bytes), why) < 0
		       ? -1
		       : check_written(reason, t, buf_span(&written), why);
}

static int
try_both(char reason[static REASON_BYTES], struct drill_copy *c, struct trial *t,
	 const struct record *rec, struct err *err)
{
	AUTO(live_clear) struct live live = LIVE_INIT;
	struct region_profile profile;
	const struct item_profile *of_app;
	struct err why = { 0 };
	int rc;

	if (load_live(&live, c, t->theirs.item_id, err) < 0)
		return -1;
	of_app = live.here ? c->session->adapter->profile : adapter_for_type(rec->mime)->profile;
	if (region_profile(&profile, c->box, of_app, err) < 0)
		return -1;
	t->profile = &profile.item;
	rc = run_trial(reason, c, t, &why);
	if (rc == 0 && live.here && c->session->adapter->form == t->form) {
		t->live = &live;
		rc = run_trial(reason, c, t, &why);
	}
	if (rc >= 0)
		return rc;
	if (is_of_item(&why))
		return bad(reason, &why);
	if (err)
		*err = why;
	return -1;
}

int
drill_copy_try(char reason[static REASON_BYTES], struct drill_copy *c, const struct record *rec,
	       struct span bytes, struct err *err)
{
	struct trial t = { .form = form_of_type(rec->mime),
			   .theirs = { .native_id = rec->native_id, .bytes = bytes } };
	int rc;

	if (span_equal(rec->app, span_str(BOX_APP)))
		return 0;
	if (!t.form && path_is_safe(record_path(rec)))
		return 0;
	if (!t.form) {
		snprintf(reason, REASON_BYTES, "%s",
			 _("its path leads out of the app's folder: refused"));
		return DRILL_COPY_BAD;
	}
	keys_item_id(t.theirs.item_id, box_identity(c->box)->ids, rec->app, rec->native_id);
	rc = try_both(reason, c, &t, rec, err);
	scratch_free(TAKE(c->scratch));
	return rc;
}
