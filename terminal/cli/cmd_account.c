/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_account: status, devices, lock, passphrase, recovery.  How a terminal comes into an account:
 * cmd_join.c. */
#include "account/account.h"
#include "account/notices.h"
#include "account/owner.h"
#include "auto/tasks.h"
#include "box/drills.h"
#include "box/identity.h"
#include "box/region.h"
#include "box/saved.h"
#include "box/settings.h"
#include "box/shortcuts.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/code.h"
#include "cli/commands.h"
#include "cli/newest.h"
#include "cli/planned.h"
#include "cli/resident.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/waits.h"
#include "remote/remote_url.h"
#include "restore/drill.h"

/* What `status` says; everything comes from the Box. */
struct status {
	char account[2 * CRYPTO_ID_BYTES + 1];
	char device[2 * CRYPTO_ID_BYTES + 1];
	char server[REMOTE_URL_TEXT_BYTES];
	char head_words[ACCOUNT_HEAD_TEXT_BYTES];
	uint64_t items;
	uint64_t unsaved;
	struct region region;
	struct auto_look look; /* of the automatic mode */
	struct auto_todo todo;
	struct drill_done drill;                         /* the newest; at 0: none */
	bool drill_is_late;                              /* the full one */
	struct account_notice notices[WIRE_NOTICES_MAX]; /* what the server told last */
	size_t n_notices;
	struct account_standing stands;
	struct buf moved_from; /* the server's address before */
};

static void
status_clear(struct status *s)
{
	buf_clear(&s->moved_from);
}
AUTO_OBJ(status_clear, struct status);

static int
count_item(void *ctx, const struct saved *s, struct err *err)
{
	(void)err;
	/* The Box's own items are in no count. */
	*(uint64_t *)ctx += strcmp(s->app, "box") != 0;
	return 0;
}

static int
read_drills(struct status *s, struct box *box, struct err *err)
{
	struct drill_done full;

	if (drill_done_newest(&s->drill, box, err) < 0 ||
	    drill_done_since(&full, box, DRILL_FULL, err) < 0)
		return -1;
	s->drill_is_late =
		full.at_unix_ms && s->look.now.unix_ms - full.at_unix_ms > DRILL_FULL_EVERY_MS;
	return 0;
}

/* A plan that only a newer program understands is told, and hides nothing else. */
static int
read_plan(struct status *s, const struct cli *cli, struct err *err)
{
	if (auto_look_now(&s->look, cli->box, err) == 0)
		return auto_todo(&s->todo, &s->look, err);
	if (err->code != ERR_UNSUPPORTED)
		return -1;
	s->look.plan = (struct auto_plan)AUTO_PLAN_INIT;
	cli_warn(cli, err->msg);
	return 0;
}

static int
read_status(struct status *s, struct cli *cli, struct err *err)
{
	const struct identity *id = box_identity(cli->box);
	struct remote_url url;
	struct hash32 head;

	*s = (struct status){ .moved_from = BUF_INIT(SETTING_VALUE_MAX) };
	if (cli_server(&url, cli, err) < 0)
		return -1;
	remote_url_print(s->server, &url);
	hex_encode(s->account, SPAN_ARRAY(id->account));
	hex_encode(s->device, SPAN_ARRAY(id->device));
	if (id->acked_seq) {
		memcpy(head.b, id->acked_head, sizeof head.b);
		account_head_words(s->head_words, &head);
	}
	if (read_plan(s, cli, err) < 0 || read_drills(s, cli->box, err) < 0 ||
	    waits_kept(&s->stands, cli, err) < 0 ||
	    setting_get(&s->moved_from, cli->box, ACCOUNT_SERVER_BEFORE, err) < 0 ||
	    region_get(&s->region, cli->box, err) < 0 ||
	    saved_each(cli->box, NULL, count_item, &s->items, err) < 0)
		return -1;
	if (account_notices_read(s->notices, &s->n_notices, cli->box, err) < 0)
		return -1;
	return shortcuts_count_pending(&s->unsaved, cli->box, NULL, err);
}

static struct json_object *
drill_json(struct cli *cli, const struct drill_done *d)
{
	struct json_object *o = json_record(cli);

	json_put_text(cli, o, "kind", drill_kind_name(d->kind));
	json_put_when(cli, o, "at", d->at_unix_ms);
	json_put_number(cli, o, "items", d->items);
	json_put_number(cli, o, "failed", d->failed);
	return o;
}

/* "2026-11-25 21:07, full: all came back" */
static void
drill_text(char *out, size_t n, const struct drill_done *d)
{
	struct shown when = show_when(d->at_unix_ms);
	const char *kind = d->kind == DRILL_FULL ? _("full") : _("locked");

	if (!d->at_unix_ms)
		snprintf(out, n, "%s", _("never"));
	else if (d->failed)
		snprintf(out, n, _("%s, %s: %llu bad"), when.s, kind,
			 (unsigned long long)d->failed);
	else
		snprintf(out, n, _("%s, %s: all is well"), when.s, kind);
}

static struct json_object *
notices_json(struct cli *cli, const struct status *s)
{
	struct json_object *list = json_list(cli);

	for (size_t i = 0; i < s->n_notices; i++) {
		const struct wire_notice *n = &s->notices[i].notice;
		struct json_object *o = json_push(cli, list);

		json_put_text(cli, o, "kind", account_notice_kind_name(n->kind));
		json_put_text(cli, o, "device",
			      id16_is_zero(&n->device) ? NULL : id16_hex(&n->device).s);
		json_put_when(cli, o, "since", (int64_t)n->since_unix_ms);
		json_put_number(cli, o, "number", n->number);
		json_put_text(cli, o, "text", s->notices[i].text);
	}
	return list;
}

static int
status_json(struct cli *cli, struct status *s, const struct identity *id, struct err *err)
{
	struct json_object *problems, *o;

	if (planned_problems_json(&problems, cli, err) < 0)
		return -1;
	o = json_record(cli);

	json_put_text(cli, o, "account", s->account);
	json_put_text(cli, o, "device", s->device);
	json_put_text(cli, o, "server", s->server);
	json_put_text(cli, o, "recovery", id->recovery_confirmed ? "confirmed" : "unconfirmed");
	json_put_when(cli, o, "last_backup", id->acked_seq ? id->acked_unix_ms : 0);
	json_put_number(cli, o, "items", s->items);
	json_put_text(cli, o, "head_words", s->head_words);
	json_put_text(cli, o, "auto", auto_mode_name(s->look.plan.mode));
	json_object_object_add(o, "service", resident_json(cli));
	json_put(cli, o, "waiting", planned_json(cli, &s->todo));
	json_put(cli, o, "unknown", planned_unknown_json(cli, &s->look));
	json_put(cli, o, "problems", problems);
	json_put(cli, o, "notices", notices_json(cli, s));
	json_put_number(cli, o, "unsaved_items", s->unsaved);
	if (s->drill.at_unix_ms)
		json_put(cli, o, "last_drill", drill_json(cli, &s->drill));
	else
		json_put_text(cli, o, "last_drill", NULL);
	json_put_text(cli, o, "region", s->region.code[0] ? s->region.code : NULL);
	json_put_text(cli, o, "server_before", s->moved_from.n ? buf_str(&s->moved_from) : NULL);
	waits_json(cli, o, &s->stands);
	json_result(cli, o);
	return 0;
}

/* Nothing is done by itself: then nothing waits for the passphrase, and the person is told here. */
static void
ask_for_drill(const struct cli *cli, const struct status *s)
{
	if (s->drill_is_late && s->look.plan.mode == AUTO_OFF)
		printf("%s%s%s\n", cli_yellow(cli),
		       _("Nobody has tried for three months whether the backups come back: "
			 "cloudbox drill"),
		       cli_plain(cli));
}

static int
status_waiting(const struct status *s, struct err *err)
{
	AUTO(buf_clear) struct buf unknown = BUF_INIT(PLANNED_TEXT_BYTES);

	for (size_t i = 0; i < s->todo.n; i++) {
		AUTO(buf_clear) struct buf line = BUF_INIT(PLANNED_TEXT_BYTES);

		if (planned_sentence(&line, &s->look, &s->todo.states[i], err) < 0)
			return -1;
		puts(buf_str(&line));
	}
	if (planned_unknown(&unknown, &s->look, err) < 0)
		return -1;
	if (unknown.n)
		puts(buf_str(&unknown));
	return 0;
}

static int
status_text(struct cli *cli, struct status *s, const struct identity *id, struct err *err)
{
	static const struct column columns[] = {
		{ NULL, COLUMN_LEFT },
		{ NULL, COLUMN_LEFT },
	};
	AUTO(table_clear) struct table t = TABLE_INIT(columns);
	char drill[200], service[RESIDENT_TEXT_BYTES];

	resident_text(service, cli);
	drill_text(drill, sizeof drill, &s->drill);
	if (TABLE_ADD(&t, err, _("this terminal"), id->name) < 0 ||
	    TABLE_ADD(&t, err, _("account"), s->account) < 0 ||
	    TABLE_ADD(&t, err, _("server"), s->server) < 0 ||
	    (s->moved_from.n && TABLE_ADD(&t, err, _("moved from"), buf_str(&s->moved_from)) < 0) ||
	    TABLE_ADD(&t, err, _("last backup"),
		      id->acked_seq ? show_when(id->acked_unix_ms).s : _("never")) < 0 ||
	    TABLE_ADD(&t, err, _("in the cloud"), show_count(s->items).s) < 0 ||
	    TABLE_ADD(&t, err, _("last drill"), drill) < 0 ||
	    TABLE_ADD(&t, err, _("service"), service) < 0 ||
	    TABLE_ADD(&t, err, _("home region"), s->region.code[0] ? s->region.code : _("none")) <
		    0 ||
	    (s->head_words[0] && TABLE_ADD(&t, err, _("head"), s->head_words) < 0) ||
	    TABLE_ADD(&t, err, _("not saved yet"), show_count(s->unsaved).s) < 0)
		return -1;
	if (table_print(&t, stdout, 0, false, err) < 0 || status_waiting(s, err) < 0 ||
	    planned_problems_print(cli, err) < 0)
		return -1;
	ask_for_drill(cli, s);
	for (size_t i = 0; i < s->n_notices; i++)
		printf("%s%s%s\n", cli_yellow(cli), cli_clean(s->notices[i].text), cli_plain(cli));
	if (!id->recovery_confirmed)
		printf("%s%s%s\n", cli_yellow(cli),
		       _("The recovery code is not confirmed: is it written down? Then type: "
			 "cloudbox recovery confirm"),
		       cli_plain(cli));
	fflush(stdout);
	waits_warn(cli, &s->stands, account_standing_flags(&s->stands));
	return 0;
}

int
cmd_status(struct cli *cli, struct err *err)
{
	struct box *box = cli_account_box(cli, err);
	AUTO(status_clear) struct status s = { .items = 0 };

	if (!box || read_status(&s, cli, err) < 0)
		return -1;
	return (cli->json ? status_json(cli, &s, box_identity(box), err)
			  : status_text(cli, &s, box_identity(box), err)) < 0
		       ? -1
		       : CLI_DONE;
}

int
cmd_devices(struct cli *cli, struct err *err)
{
	struct account_newest devices[ACCOUNT_DEVICES_MAX];
	struct remote *remote = cli_remote(cli, err);
	struct account_standing stands;
	struct err untold;
	size_t n = 0;

	if (!remote || account_newest_read(devices, &n, cli->box, remote, err) < 0)
		return -1;
	/* The devices are what was asked for, whether or not the rest is told. */
	if (account_standing_ask(&stands, cli->box, remote, &untold) < 0)
		stands = (struct account_standing){ 0 };
	if (cli->json)
		newest_devices_json(cli, devices, n);
	else if (newest_devices_print(cli, devices, n, err) < 0)
		return -1;
	fflush(stdout);
	waits_warn(cli, &stands, account_standing_flags(&stands));
	return CLI_DONE;
}

int
cmd_lock(struct cli *cli, struct err *err)
{
	bool was;

	if (!cli_box(cli, err))
		return -1;
	was = cli_lock(cli);
	if (cli->json)
		json_changed(cli, was);
	else
		puts(was ? _("Locked: the session is forgotten.")
			 : _("Locked: no session was held, so nothing is kept that could open a "
			     "backup."));
	return CLI_DONE;
}

int
cmd_passphrase(struct cli *cli, struct err *err)
{
	AUTO(passphrase_free) struct passphrase *p = NULL;
	struct unlocked *u = cli_unlock_anew(cli, err);

	if (!u || ask_new_passphrase(&p, cli, false, err) < 0 ||
	    account_passphrase_change(u, cli->box, p, err) < 0 ||
	    setting_remove(cli->box, ASK_JOINED_BY, err) < 0)
		return -1;
	cli_lock(cli);
	if (cli->json)
		json_changed(cli, 1);
	else
		puts(_("The passphrase is changed. Somebody who knows the old one and has kept a "
		       "copy of the old wrapped key is not shut out by that alone."));
	return CLI_DONE;
}

int
cmd_recovery_confirm(struct cli *cli, struct err *err)
{
	AUTO(recovery_code_free) struct recovery_code *code = NULL;
	struct box *box = cli_account_box(cli, err);
	bool before;

	if (!box || ask_recovery_code(&code, cli, err) < 0 ||
	    account_recovery_check(box, code, err) < 0)
		return -1;
	before = box_identity(box)->recovery_confirmed;
	if (!before && identity_set_recovery_confirmed(box, true, err) < 0)
		return -1;
	if (cli->json)
		json_changed(cli, !before);
	else
		printf("%s✓%s %s\n", cli_green(cli), cli_plain(cli),
		       _("That is the account's recovery code. Keep it where nobody else looks."));
	return CLI_DONE;
}

int
cmd_recovery_new(struct cli *cli, struct err *err)
{
	AUTO(recovery_code_free) struct recovery_code *code = NULL;
	struct unlocked *u;
	struct json_object *o;

	if (code_can_be_shown(cli, err) < 0)
		return -1;
	u = cli_unlock_anew(cli, err);
	if (!u || account_recovery_change(&code, u, cli->box, err) < 0)
		return -1;
	cli_lock(cli);
	if (code_show(cli, code, err) < 0)
		return -1;
	if (!cli->json)
		return CLI_DONE;
	o = json_record(cli);
	json_put_number(cli, o, "changed", 1);
	code_json(cli, o, code);
	json_result(cli, o);
	return CLI_DONE;
}
