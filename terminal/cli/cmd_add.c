/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_add: shortcuts for items, with the bytes that they will cost.
 *
 *     look every ITEM up -> ask once about those that are in the Box already (P3) -> ask the backup
 *     unit what they will cost, which reads them -> with --where, ask whether that is what is
 *     wanted -> make and update shortcuts, and keep the rule, in one transaction
 *
 * Nothing is changed before the last step, so an unknown ITEM or a missing answer leaves all as it
 * was.  Each step passes over all candidates, which are put aside in between (os/spool.h).
 */
#include "backup/backup.h"
#include "base/array.h"
#include "base/piece.h"
#include "box/rules.h"
#include "box/saved.h"
#include "box/shortcuts.h"
#include "cli/ask.h"
#include "cli/chosen.h"
#include "cli/commands.h"
#include "cli/here.h"
#include "cli/show.h"
#include "os/spool.h"

#define TEXT_BYTES    8192
#define ROW_BYTES_MAX (1u << 20)
#define NAMED_MAX     (1u << 20)
#define NAMED_IN_TEXT 5 /* items that the text names before it only counts */

enum fate { FATE_ADDED, FATE_UPDATED, FATE_KEPT, FATE_FAILED, N_FATES };

/* An item that a shortcut was asked for; borrowed from where it is put aside. */
struct candidate {
	struct span native_id;
	const char *id;   /* as shown */
	const char *name; /* as shown */
	enum fate fate;
	const char *reason; /* FATE_FAILED, else NULL */
};

struct candidates {
	struct cli *cli;
	const char *app;
	struct spool *rows; /* all, in order */
	uint64_t n[N_FATES];
	uint64_t n_in_box;
	struct buf existing;            /* the name of the one that is in the Box */
	struct chosen chosen;           /* with --thread and --where: only these */
	const char *rule;               /* --rule, or NULL */
	uint8_t (*named)[BOX_ID_BYTES]; /* items named so far */
	size_t n_named, cap_named;
};

#define CANDIDATES_INIT(cli_)                                                                      \
	{                                                                                          \
		.cli = (cli_), .existing = BUF_INIT(TEXT_BYTES)                                    \
	}

static void
candidates_clear(struct candidates *cs)
{
	spool_free(cs->rows);
	free(cs->named);
	chosen_clear(&cs->chosen);
	buf_clear(&cs->existing);
}
AUTO_OBJ(candidates_clear, struct candidates);

static int
put_candidate(struct spool *to, struct candidates *cs, const struct candidate *c, struct err *err)
{
	AUTO(buf_clear) struct buf row = BUF_INIT(ROW_BYTES_MAX);

	cs->n[c->fate]++;
	if (buf_append_byte(&row, (uint8_t)c->fate, err) < 0 ||
	    piece_put(&row, c->native_id, err) < 0 || piece_put_string(&row, c->id, err) < 0 ||
	    piece_put_string(&row, c->name, err) < 0 || piece_put_string(&row, c->reason, err) < 0)
		return -1;
	return spool_put(to, buf_span(&row), err);
}

/* The next one; 0, SPOOL_END or -1. */
static int
next_candidate(struct candidate *c, const struct candidates *cs, struct err *err)
{
	struct span row;
	struct reader r;
	int rc = spool_next(&row, cs->rows, err);

	if (rc)
		return rc;
	r = reader_of(row);
	c->fate = (enum fate)read_u8(&r);
	c->native_id = piece_get(&r);
	c->id = piece_get_string(&r);
	c->name = piece_get_string(&r);
	c->reason = piece_get_string(&r);
	return reader_done(&r, "an item put aside", err);
}

/* What a step does to a candidate: its fate and reason may change. */
typedef int step_fn(void *ctx, struct candidate *c, struct err *err);

/* One step over all of them, in order. */
static int
pass(struct candidates *cs, step_fn *step, void *ctx, struct err *err)
{
	AUTO(spool_free) struct spool *to = NULL;
	struct candidate c;
	int rc = spool_new(&to, box_home_fd(cs->cli->box), err);

	memset(cs->n, 0, sizeof cs->n);
	spool_rewind(cs->rows);
	while (rc == 0 && (rc = next_candidate(&c, cs, err)) == 0) {
		rc = step(ctx, &c, err);
		if (rc == 0)
			rc = put_candidate(to, cs, &c, err);
	}
	if (rc < 0)
		return -1;
	spool_free(cs->rows);
	cs->rows = TAKE(to);
	return 0;
}

static int
collect(void *ctx, const struct inventory_item *item, struct err *err)
{
	struct candidates *cs = ctx;
	AUTO(buf_clear) struct buf id = BUF_INIT(TEXT_BYTES);
	AUTO(buf_clear) struct buf name = BUF_INIT(TEXT_BYTES);
	struct candidate c = { .native_id = item->native_id,
			       .fate = item->in_box ? FATE_UPDATED : FATE_ADDED };
	int meant = chosen_item(&cs->chosen, item, err);

	if (meant <= 0)
		return meant;
	if (meant == MEANT_UNREAD) {
		c.fate = FATE_FAILED;
		c.reason = _("it cannot be read now, so nobody knows whether it is meant");
	}
	if (item_show_id(&id, cs->cli->box, item->native_id, item->item, err) < 0 ||
	    buf_append(&name, item->name, err) < 0)
		return -1;
	if (c.fate == FATE_UPDATED && cs->n_in_box++ == 0 &&
	    buf_append(&cs->existing, item->name, err) < 0)
		return -1;
	c.id = buf_str(&id);
	c.name = buf_str(&name);
	return put_candidate(cs->rows, cs, &c, err);
}

/* 1: that item was named already; 0: not yet, it is now. */
static int
was_named(struct candidates *cs, const uint8_t item[static BOX_ID_BYTES], struct err *err)
{
	for (size_t i = 0; i < cs->n_named; i++)
		if (memcmp(cs->named[i], item, BOX_ID_BYTES) == 0)
			return 1;
	if (array_reserve((void **)&cs->named, &cs->cap_named, cs->n_named + 1, sizeof *cs->named,
			  NAMED_MAX, err) < 0)
		return -1;
	memcpy(cs->named[cs->n_named++], item, BOX_ID_BYTES);
	return 0;
}

static int
collect_named(struct candidates *cs, struct app_session *session, struct err *err)
{
	const char *word;

	for (size_t i = 1; (word = cli_word(cs->cli, i)); i++) {
		AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
		int rc;

		if (inventory_find(&f, cs->cli->box, cs->app, span_str(word), err) < 0 ||
		    inventory_types(cs->cli->box, session, f.item.native_id, err) < 0)
			return -1;
		rc = was_named(cs, f.item.item, err);
		if (rc < 0 || (rc == 0 && collect(cs, &f.item, err) < 0))
			return -1;
	}
	return 0;
}

/* P3, the third case: the shortcut exists.  @return 1 update, 0 leave, -1. */
static int
ask_about_existing(const struct candidates *cs, struct err *err)
{
	char question[512];

	if (cs->n_in_box == 0)
		return 0;
	if (cs->n_in_box == 1)
		snprintf(question, sizeof question,
			 _("%.200s is in the Box already. Update its shortcut?"),
			 cli_clean(buf_str(&cs->existing)));
	else
		snprintf(question, sizeof question,
			 _("%s of these are in the Box already. Update their shortcuts?"),
			 show_count(cs->n_in_box).s);
	return ask_yes_no(cs->cli, question, err);
}

/* The second step: what they will cost; what cannot be read is failed. */
struct expecting {
	struct candidates *cs;
	struct backup_expecting *unit;
	bool update;
	uint64_t bytes;
};

static int
expect(void *ctx, struct candidate *c, struct err *err)
{
	struct expecting *e = ctx;
	uint64_t bytes;

	if (c->fate == FATE_FAILED)
		return 0;
	if (c->fate == FATE_UPDATED && !e->update) {
		c->fate = FATE_KEPT;
		return 0;
	}
	if (backup_expecting_item(&bytes, &c->reason, e->unit, e->cs->app, c->native_id, err) < 0)
		return -1;
	if (c->reason)
		c->fate = FATE_FAILED;
	e->bytes += bytes;
	return 0;
}

static int
expect_all(struct expecting *e, struct err *err)
{
	AUTO(backup_expecting_free) struct backup_expecting *unit = NULL;

	if (backup_expecting_new(&unit, e->cs->cli->box, err) < 0)
		return -1;
	e->unit = unit;
	return pass(e->cs, expect, e, err);
}

/* The third: one shortcut, made or updated as its fate says. */
static int
apply(void *ctx, struct candidate *c, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	struct candidates *cs = ctx;
	struct box *box = cs->cli->box;
	bool selected = args_has(&cs->cli->args, "--selected");
	int rc;

	if (c->fate == FATE_FAILED && cs->rule)
		return rules_look_again(box, cs->app, c->native_id, err);
	if (c->fate != FATE_ADDED && c->fate != FATE_UPDATED)
		return 0;
	rc = inventory_get(&f, box, cs->app, c->native_id, err);
	if (rc == BOX_ABSENT) {
		c->fate = FATE_FAILED;
		c->reason = _("it vanished while it was being added");
		return 0;
	}
	if (rc < 0)
		return -1;
	rc = c->fate == FATE_ADDED ? shortcut_add(box, &f.item, selected, err)
				   : shortcut_update(box, &f.item, selected, err);
	if (rc == BOX_EXISTS)
		c->fate = FATE_KEPT; /* another process added it meanwhile */
	return rc < 0 ? -1 : 0;
}

static int
keep_rule(struct candidates *cs, struct err *err)
{
	struct rule rule = { .name = cs->rule,
			     .app = cs->app,
			     .where = cs->rule ? meant_text(cs->chosen.meant) : NULL,
			     .selected = args_has(&cs->cli->args, "--selected"),
			     .made = cs->n[FATE_ADDED] };

	return cs->rule ? rule_put(cs->cli->box, &rule, err) : 0;
}

static int
apply_all(struct candidates *cs, struct err *err)
{
	int rc = box_begin(cs->cli->box, err);

	if (rc == 0)
		rc = pass(cs, apply, cs, err);
	if (rc == 0)
		rc = keep_rule(cs, err);
	if (rc == 0)
		rc = box_commit(cs->cli->box, err);
	if (rc < 0)
		box_rollback(cs->cli->box);
	return rc;
}

static int
put_one(struct cli *cli, const char *app, const char *id, const char *name, const char *reason,
	struct err *err)
{
	struct json_object *one = json_record(cli);

	json_put_text(cli, one, "app", app);
	json_put_text(cli, one, "id", id);
	json_put_text(cli, one, "name", name);
	json_put_text(cli, one, "reason", reason ? reason : "");
	return json_add(cli, NULL, one, err);
}

/* A source that could not be read stands for the items in it. */
static int
put_unread(struct cli *cli, const char *app, const struct here *h, struct err *err)
{
	for (size_t i = 0; i < h->n_unread; i++)
		if (put_one(cli, app, h->unread[i].source, h->unread[i].source, h->unread[i].reason,
			    err) < 0)
			return -1;
	return 0;
}

/* @unread  whose unread sources are of this fate, too; or NULL. */
static int
put_fate(struct candidates *cs, const char *key, enum fate fate, const struct here *unread,
	 struct err *err)
{
	struct cli *cli = cs->cli;
	struct candidate c;
	int rc = json_open(cli, key, '[', err);

	spool_rewind(cs->rows);
	while (rc == 0 && (rc = next_candidate(&c, cs, err)) == 0)
		if (c.fate == fate)
			rc = put_one(cli, cs->app, c.id, c.name, c.reason, err);
	if (rc < 0 || (unread && put_unread(cli, cs->app, unread, err) < 0))
		return -1;
	return json_close(cli, err);
}

/* @unread  as in put_fate(), of what failed. */
static int
print_json(struct candidates *cs, uint64_t expected, const struct here *unread, struct err *err)
{
	struct cli *cli = cs->cli;

	if (json_open(cli, NULL, '{', err) < 0 ||
	    put_fate(cs, "added", FATE_ADDED, NULL, err) < 0 ||
	    put_fate(cs, "updated", FATE_UPDATED, NULL, err) < 0 ||
	    put_fate(cs, "kept", FATE_KEPT, NULL, err) < 0 ||
	    put_fate(cs, "failed", FATE_FAILED, unread, err) < 0 ||
	    json_add_number(cli, "expected_bytes", expected, err) < 0 ||
	    (cs->rule && json_add(cli, "rule", json_object_new_string(cs->rule), err) < 0))
		return -1;
	return json_close(cli, err);
}

static int
print_names(struct candidates *cs, enum fate fate, const char *mark, struct err *err)
{
	struct cli *cli = cs->cli;
	uint64_t n = cs->n[fate], shown = 0;
	struct candidate c;
	int rc = 0;

	spool_rewind(cs->rows);
	while (shown < n && shown < NAMED_IN_TEXT && (rc = next_candidate(&c, cs, err)) == 0) {
		if (c.fate != fate)
			continue;
		printf("  %s %s", mark, cli_clean(c.name));
		if (c.reason)
			printf(": %s", cli_clean(c.reason));
		putchar('\n');
		shown++;
	}
	if (n > shown)
		printf(text_plural("  %s… and %s more%s\n", "  %s… and %s more%s\n",
				   (unsigned long)(n - shown)),
		       cli_dim(cli), show_count(n - shown).s, cli_plain(cli));
	return rc < 0 ? -1 : 0;
}

static int
print_cost(struct candidates *cs, uint64_t expected, struct err *err)
{
	struct cli *cli = cs->cli;
	bool estimated = false;
	uint64_t full = 0;

	if (saved_full_backup_bytes(&full, &estimated, cli->box, cs->app, err) < 0)
		return -1;
	printf(_("The next backup will send %s%s%s for them"), cli_bold(cli),
	       show_bytes(expected).s, cli_plain(cli));
	if (full > expected)
		printf(_("; all of %s would be %s%s"), cs->app, estimated ? _("about ") : "",
		       show_bytes(full).s);
	puts(_("."));
	return 0;
}

static int
print_text(struct candidates *cs, uint64_t expected, struct err *err)
{
	const uint64_t *n = cs->n;

	if (n[FATE_ADDED])
		printf(text_plural("%s shortcut added to %s\n", "%s shortcuts added to %s\n",
				   (unsigned long)n[FATE_ADDED]),
		       show_count(n[FATE_ADDED]).s, cs->app);
	if (print_names(cs, FATE_ADDED, "+", err) < 0)
		return -1;
	if (n[FATE_UPDATED])
		printf(text_plural("%s shortcut updated\n", "%s shortcuts updated\n",
				   (unsigned long)n[FATE_UPDATED]),
		       show_count(n[FATE_UPDATED]).s);
	if (n[FATE_KEPT])
		printf(text_plural("%s shortcut was there and stays as it was\n",
				   "%s shortcuts were there and stay as they were\n",
				   (unsigned long)n[FATE_KEPT]),
		       show_count(n[FATE_KEPT]).s);
	if (n[FATE_FAILED])
		printf(text_plural("%s item cannot be read\n", "%s items cannot be read\n",
				   (unsigned long)n[FATE_FAILED]),
		       show_count(n[FATE_FAILED]).s);
	if (print_names(cs, FATE_FAILED, "!", err) < 0)
		return -1;
	if ((n[FATE_ADDED] || n[FATE_UPDATED]) && print_cost(cs, expected, err) < 0)
		return -1;
	if (cs->chosen.meant && n[FATE_ADDED] + n[FATE_UPDATED] + n[FATE_KEPT] == 0)
		printf(_("No item of %s is meant by that.\n"), cs->app);
	if (cs->rule)
		printf(_("The rule %s puts what comes later into the Box by itself.\n"),
		       cli_clean(cs->rule));
	if (cs->chosen.threads.n)
		printf(_("Messages that come later are not in the Box by themselves; a rule puts "
			 "them there: cloudbox add %s --where thread=NUMBER --rule NAME\n"),
		       cs->app);
	return 0;
}

/* --where names nothing by itself: the person sees what it comes to, and says yes. */
static int
ask_about_cost(const struct candidates *cs, uint64_t expected, struct err *err)
{
	uint64_t n = cs->n[FATE_ADDED] + cs->n[FATE_UPDATED];
	char question[512];
	int rc;

	if (!cs->chosen.meant || n == 0)
		return 0;
	snprintf(question, sizeof question,
		 text_plural("%s item of %s, for which the next backup will send %s. Put it into "
			     "the Box?",
			     "%s items of %s, for which the next backup will send %s. Put them "
			     "into the Box?",
			     (unsigned long)n),
		 show_count(n).s, cs->app, show_bytes(expected).s);
	rc = ask_yes_no(cs->cli, question, err);
	return rc == 0 ? err_set(err, ERR_CANCELLED, "nothing was added") : rc < 0 ? -1 : 0;
}

/* --rule NAME: asks whether a rule of that name is to give way. */
static int
check_rule(struct candidates *cs, struct err *err)
{
	char question[512];
	int rc;

	cs->rule = args_value(&cs->cli->args, "--rule");
	if (!cs->rule)
		return 0;
	if (!args_has(&cs->cli->args, "--where"))
		return err_set(err, ERR_USAGE,
			       "--rule needs the expression that it is to keep: --where EXPR");
	if (!cli_account_box(cs->cli, err))
		return -1;
	rc = rule_find(cs->cli->box, cs->rule, err);
	if (rc)
		return rc < 0 ? -1 : 0;
	snprintf(question, sizeof question,
		 _("There is a rule %.200s already. Put this one in its place?"),
		 cli_clean(cs->rule));
	rc = ask_yes_no(cs->cli, question, err);
	return rc == 0 ? err_set(err, ERR_CANCELLED, "nothing was added") : rc < 0 ? -1 : 0;
}

int
cmd_add(struct cli *cli, struct err *err)
{
	AUTO(here_clear) struct here h = HERE_INIT;
	AUTO(candidates_clear) struct candidates cs = CANDIDATES_INIT(cli);
	struct expecting e = { .cs = &cs };
	int all = chosen_all(cli, err), update;

	cs.app = cli_word(cli, 0);
	if (all < 0 || check_rule(&cs, err) < 0 || here_open(&h, cli, cs.app, err) < 0 ||
	    chosen_init(&cs.chosen, cli, h.session, err) < 0 ||
	    spool_new(&cs.rows, box_home_fd(cli->box), err) < 0 ||
	    (all ? inventory_each(cli->box, cs.app, collect, &cs, err)
		 : collect_named(&cs, h.session, err)) < 0)
		return -1;
	update = ask_about_existing(&cs, err);
	if (update < 0 || (all && inventory_types(cli->box, h.session, span_of(NULL, 0), err) < 0))
		return -1;
	e.update = update;
	if (expect_all(&e, err) < 0 || ask_about_cost(&cs, e.bytes, err) < 0 ||
	    apply_all(&cs, err) < 0 ||
	    (cli->json ? print_json(&cs, e.bytes, all ? &h : NULL, err)
		       : print_text(&cs, e.bytes, err)) < 0)
		return -1;
	return cs.n[FATE_FAILED] || (all && h.n_unread) ? CLI_PARTIAL : CLI_DONE;
}
