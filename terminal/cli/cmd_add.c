/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_add: shortcuts for items, with the bytes that they will cost.
 *
 *     look every ITEM up -> ask once about those that are in the Box already (P3) -> ask the backup
 *     unit what they will cost, which reads them -> make and update shortcuts in one transaction
 *
 * Nothing is changed before the last step, so an unknown ITEM or a missing answer leaves all as it
 * was.
 */
#include "backup/backup.h"
#include "base/array.h"
#include "box/saved.h"
#include "box/shortcuts.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/here.h"
#include "cli/show.h"

#define TEXT_BYTES     8192
#define CANDIDATES_MAX (16u << 20)
#define NAMED_IN_TEXT  5 /* items that the text names before it only counts */

enum fate { FATE_ADDED, FATE_UPDATED, FATE_KEPT, FATE_FAILED, N_FATES };

/* An item that a shortcut was asked for; owns its strings. */
struct candidate {
	uint8_t *native_id;
	size_t native_id_bytes;
	char *id;   /* as shown */
	char *name; /* as shown */
	bool in_box;
	enum fate fate;
	const char *reason; /* FATE_FAILED: static storage */
};

struct candidates {
	struct cli *cli;
	struct candidate *c;
	size_t n, cap;
	size_t n_in_box;
};

static void
candidates_clear(struct candidates *cs)
{
	for (size_t i = 0; i < cs->n; i++) {
		free(cs->c[i].native_id);
		free(cs->c[i].id);
		free(cs->c[i].name);
	}
	free(cs->c);
	cs->c = NULL;
	cs->n = cs->cap = 0;
}
AUTO_OBJ(candidates_clear, struct candidates);

static struct span
native_id(const struct candidate *c)
{
	return span_of(c->native_id, c->native_id_bytes);
}

static int
collect(void *ctx, const struct inventory_item *item, struct err *err)
{
	struct candidates *cs = ctx;
	AUTO(buf_clear) struct buf id = BUF_INIT(TEXT_BYTES);
	struct candidate *c;

	if (item_show_id(&id, cs->cli->box, item->native_id, item->item, err) < 0 ||
	    array_reserve((void **)&cs->c, &cs->cap, cs->n + 1, sizeof *cs->c, CANDIDATES_MAX,
			  err) < 0)
		return -1;
	c = &cs->c[cs->n++];
	*c = (struct candidate){ .in_box = item->in_box };
	c->native_id = malloc(item->native_id.n + 1);
	c->id = strdup(buf_str(&id));
	c->name = strndup((const char *)item->name.p, item->name.n);
	if (!c->native_id || !c->id || !c->name)
		return err_nomem(err);
	memcpy(c->native_id, item->native_id.p, item->native_id.n);
	c->native_id_bytes = item->native_id.n;
	cs->n_in_box += item->in_box;
	return 0;
}

static bool
is_collected(const struct candidates *cs, struct span id)
{
	for (size_t i = 0; i < cs->n; i++)
		if (span_equal(native_id(&cs->c[i]), id))
			return true;
	return false;
}

static int
collect_named(struct candidates *cs, const char *app, struct err *err)
{
	const char *word;

	for (size_t i = 1; (word = cli_word(cs->cli, i)); i++) {
		AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;

		if (inventory_find(&f, cs->cli->box, app, span_str(word), err) < 0)
			return -1;
		if (!is_collected(cs, f.item.native_id) && collect(cs, &f.item, err) < 0)
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
	if (cs->n_in_box == 1) {
		for (size_t i = 0; i < cs->n; i++)
			if (cs->c[i].in_box)
				snprintf(question, sizeof question,
					 _("%.200s is in the Box already. Update its shortcut?"),
					 cli_clean(cs->c[i].name));
	} else {
		snprintf(question, sizeof question,
			 _("%s of these are in the Box already. Update their shortcuts?"),
			 show_count(cs->n_in_box).s);
	}
	return ask_yes_no(cs->cli, question, err);
}

/* What they will cost; what cannot be read is failed. */
static int
expect(struct candidates *cs, const char *app, uint64_t *total, struct err *err)
{
	struct backup_wanted *wanted = calloc(cs->n + 1, sizeof *wanted);
	size_t n = 0;
	int rc;

	if (!wanted)
		return err_nomem(err);
	for (size_t i = 0; i < cs->n; i++)
		if (cs->c[i].fate != FATE_KEPT)
			wanted[n++] = (struct backup_wanted){
				.app = app,
				.native_id = cs->c[i].native_id,
				.native_id_bytes = cs->c[i].native_id_bytes,
			};
	rc = n ? backup_expected_bytes(wanted, n, total, cs->cli->box, err) : 0;
	n = 0;
	for (size_t i = 0; rc == 0 && i < cs->n; i++) {
		if (cs->c[i].fate == FATE_KEPT)
			continue;
		if (wanted[n].reason) {
			cs->c[i].fate = FATE_FAILED;
			cs->c[i].reason = wanted[n].reason;
		}
		n++;
	}
	free(wanted);
	return rc;
}

/* One shortcut, made or updated as its fate says. */
static int
apply_one(struct candidate *c, struct box *box, const char *app, bool selected, struct err *err)
{
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	int rc;

	if (c->fate != FATE_ADDED && c->fate != FATE_UPDATED)
		return 0;
	rc = inventory_get(&f, box, app, native_id(c), err);
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
apply(struct candidates *cs, const char *app, struct err *err)
{
	bool selected = args_has(&cs->cli->args, "--selected");
	int rc = box_begin(cs->cli->box, err);

	for (size_t i = 0; rc == 0 && i < cs->n; i++)
		rc = apply_one(&cs->c[i], cs->cli->box, app, selected, err);
	if (rc == 0)
		rc = box_commit(cs->cli->box, err);
	if (rc < 0)
		box_rollback(cs->cli->box);
	return rc;
}

static size_t
count(const struct candidates *cs, enum fate fate)
{
	size_t n = 0;

	for (size_t i = 0; i < cs->n; i++)
		n += cs->c[i].fate == fate;
	return n;
}

/* A source that could not be read stands for the items in it. */
static void
put_unread(struct cli *cli, struct json_object *list, const char *app, const struct here *h)
{
	for (size_t i = 0; i < h->n_unread; i++) {
		struct json_object *one = json_push(cli, list);

		json_put_text(cli, one, "app", app);
		json_put_text(cli, one, "id", h->unread[i].source);
		json_put_text(cli, one, "name", h->unread[i].source);
		json_put_text(cli, one, "reason", h->unread[i].reason);
	}
}

/* @unread  whose unread sources are of this fate, too; or NULL. */
static void
put_fate(struct cli *cli, struct json_object *o, const char *key, const char *app,
	 const struct candidates *cs, enum fate fate, const struct here *unread)
{
	struct json_object *list = json_list(cli);

	for (size_t i = 0; i < cs->n; i++) {
		if (cs->c[i].fate != fate)
			continue;
		struct json_object *item = json_push(cli, list);

		json_put_text(cli, item, "app", app);
		json_put_text(cli, item, "id", cs->c[i].id);
		json_put_text(cli, item, "name", cs->c[i].name);
		json_put_text(cli, item, "reason", cs->c[i].reason ? cs->c[i].reason : "");
	}
	if (unread)
		put_unread(cli, list, app, unread);
	json_put(cli, o, key, list);
}

/* @unread  as in put_fate(), of what failed. */
static void
print_json(struct cli *cli, const char *app, const struct candidates *cs, uint64_t expected,
	   const struct here *unread)
{
	struct json_object *o = json_record(cli);

	put_fate(cli, o, "added", app, cs, FATE_ADDED, NULL);
	put_fate(cli, o, "updated", app, cs, FATE_UPDATED, NULL);
	put_fate(cli, o, "kept", app, cs, FATE_KEPT, NULL);
	put_fate(cli, o, "failed", app, cs, FATE_FAILED, unread);
	json_put_number(cli, o, "expected_bytes", expected);
	json_result(cli, o);
}

static void
print_names(struct cli *cli, const struct candidates *cs, enum fate fate, const char *mark)
{
	size_t n = count(cs, fate), shown = 0;

	for (size_t i = 0; i < cs->n && shown < NAMED_IN_TEXT; i++) {
		if (cs->c[i].fate != fate)
			continue;
		printf("  %s %s", mark, cli_clean(cs->c[i].name));
		if (cs->c[i].reason)
			printf(": %s", cli_clean(cs->c[i].reason));
		putchar('\n');
		shown++;
	}
	if (n > shown)
		printf(text_plural("  %s… and %s more%s\n", "  %s… and %s more%s\n",
				   (unsigned long)(n - shown)),
		       cli_dim(cli), show_count(n - shown).s, cli_plain(cli));
}

static int
print_text(struct cli *cli, const char *app, const struct candidates *cs, uint64_t expected,
	   struct err *err)
{
	size_t added = count(cs, FATE_ADDED), updated = count(cs, FATE_UPDATED);
	size_t kept = count(cs, FATE_KEPT), failed = count(cs, FATE_FAILED);
	bool estimated = false;
	uint64_t full = 0;

	if (added)
		printf(text_plural("%s shortcut added to %s\n", "%s shortcuts added to %s\n",
				   (unsigned long)added),
		       show_count(added).s, app);
	print_names(cli, cs, FATE_ADDED, "+");
	if (updated)
		printf(text_plural("%s shortcut updated\n", "%s shortcuts updated\n",
				   (unsigned long)updated),
		       show_count(updated).s);
	if (kept)
		printf(text_plural("%s shortcut was there and stays as it was\n",
				   "%s shortcuts were there and stay as they were\n",
				   (unsigned long)kept),
		       show_count(kept).s);
	if (failed)
		printf(text_plural("%s item cannot be read\n", "%s items cannot be read\n",
				   (unsigned long)failed),
		       show_count(failed).s);
	print_names(cli, cs, FATE_FAILED, "!");
	if (!added && !updated)
		return 0;
	if (saved_full_backup_bytes(&full, &estimated, cli->box, app, err) < 0)
		return -1;
	printf(_("The next backup will send %s%s%s for them"), cli_bold(cli),
	       show_bytes(expected).s, cli_plain(cli));
	if (full > expected)
		printf(_("; all of %s would be %s%s"), app, estimated ? _("about ") : "",
		       show_bytes(full).s);
	puts(_("."));
	return 0;
}

int
cmd_add(struct cli *cli, struct err *err)
{
	const char *app = cli_word(cli, 0);
	AUTO(here_clear) struct here h = HERE_INIT;
	AUTO(candidates_clear) struct candidates cs = { .cli = cli };
	uint64_t expected = 0;
	int all = cli_wants_all(cli, err), update;

	if (all < 0 || here_open(&h, cli, app, err) < 0 ||
	    (all ? inventory_each(cli->box, app, collect, &cs, err)
		 : collect_named(&cs, app, err)) < 0)
		return -1;
	update = ask_about_existing(&cs, err);
	if (update < 0)
		return -1;
	for (size_t i = 0; i < cs.n; i++) {
		cs.c[i].fate = !cs.c[i].in_box ? FATE_ADDED : update ? FATE_UPDATED : FATE_KEPT;
		if (cs.c[i].fate != FATE_KEPT && !all &&
		    inventory_types(cli->box, h.session, native_id(&cs.c[i]), err) < 0)
			return -1;
	}
	if (all && inventory_types(cli->box, h.session, span_of(NULL, 0), err) < 0)
		return -1;
	if (expect(&cs, app, &expected, err) < 0 || apply(&cs, app, err) < 0)
		return -1;
	if (cli->json)
		print_json(cli, app, &cs, expected, all ? &h : NULL);
	else if (print_text(cli, app, &cs, expected, err) < 0)
		return -1;
	return count(&cs, FATE_FAILED) || (all && h.n_unread) ? CLI_PARTIAL : CLI_DONE;
}
