/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_owner: account, account keep, account delete, retention, retire: what the owner alone decides. */
#include <limits.h>

#include "account/owner.h"
#include "box/identity.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/waits.h"
#include "remote/remote.h"
#include "remote/remote_url.h"

#define QUESTION_BYTES 1024
#define ID_TEXT_BYTES  (2 * CRYPTO_ID_BYTES + 1)
#define LINE_BYTES_MAX 256
#define WARN_OF_ALL    (STANDING_WAITS | STANDING_HELD)
#define DAYS_MAX       36500 /* a hundred years */
#define CONFIRM_MIN    8     /* digits of the account's id that have to be typed */

static int
standing_text(struct cli *cli, const struct account_standing *s, struct err *err)
{
	static const struct column columns[] = {
		{ NULL, COLUMN_LEFT },
		{ NULL, COLUMN_LEFT },
	};
	AUTO(table_clear) struct table t = TABLE_INIT(columns);
	const struct identity *me = box_identity(cli->box);
	char account[ID_TEXT_BYTES], server[REMOTE_URL_TEXT_BYTES], used[2 * SHOW_BYTES + 16];
	char days[64];
	struct remote_url url;

	if (cli_server(&url, cli, err) < 0)
		return -1;
	remote_url_print(server, &url);
	hex_encode(account, SPAN_ARRAY(me->account));
	snprintf(used, sizeof used, _("%s of %s"), show_bytes(s->is.used_bytes).s,
		 show_bytes(s->is.quota_bytes).s);
	snprintf(days, sizeof days,
		 text_plural("%u day", "%u days", (unsigned long)s->is.retention_days),
		 s->is.retention_days);
	if (TABLE_ADD(&t, err, _("account"), account) < 0 ||
	    TABLE_ADD(&t, err, _("server"), server) < 0 ||
	    TABLE_ADD(&t, err, _("used"), used) < 0 ||
	    TABLE_ADD(&t, err, _("old versions kept"), days) < 0)
		return -1;
	return table_print(&t, stdout, 0, false, err);
}

static int
standing_json(struct cli *cli, const struct account_standing *s, bool changed, struct err *err)
{
	const struct identity *me = box_identity(cli->box);
	char account[ID_TEXT_BYTES], server[REMOTE_URL_TEXT_BYTES];
	struct json_object *o = json_record(cli);
	struct remote_url url;

	json_result(cli, o);
	if (cli_server(&url, cli, err) < 0)
		return -1;
	remote_url_print(server, &url);
	hex_encode(account, SPAN_ARRAY(me->account));
	json_put_number(cli, o, "changed", changed);
	json_put_text(cli, o, "account", account);
	json_put_text(cli, o, "server", server);
	json_put_number(cli, o, "bytes", s->is.used_bytes);
	json_put_number(cli, o, "quota", s->is.quota_bytes);
	json_put_number(cli, o, "retention_days", s->is.retention_days);
	waits_json(cli, o, s);
	return 0;
}

static int
show(struct cli *cli, const struct account_standing *s, bool changed, struct err *err)
{
	if (cli->json)
		return standing_json(cli, s, changed, err) < 0 ? -1 : CLI_DONE;
	if (standing_text(cli, s, err) < 0)
		return -1;
	fflush(stdout);
	waits_warn(cli, s, WARN_OF_ALL);
	return CLI_DONE;
}

int
cmd_account(struct cli *cli, struct err *err)
{
	struct account_standing s;
	struct remote *remote = cli_remote(cli, err);

	if (!remote || account_standing_ask(&s, cli->box, remote, err) < 0)
		return -1;
	return show(cli, &s, false, err);
}

int
cmd_account_keep(struct cli *cli, struct err *err)
{
	struct account_standing s;
	struct unlocked *u = cli_unlock_anew(cli, err);

	if (!u || account_standing_ask(&s, cli->box, cli->remote, err) < 0)
		return -1;
	if (!cli->json && !unlocked_called_off(u))
		puts(_("Nothing waited that could have been called off."));
	return show(cli, &s, unlocked_called_off(u) != 0, err);
}

/* --- account delete --- */

/* The beginning of the account's id, typed or given: no --yes will do. */
static int
confirm_delete(const struct cli *cli, struct err *err)
{
	AUTO(buf_clear) struct buf line = BUF_INIT(LINE_BYTES_MAX);
	const char *typed = args_value(&cli->args, "--confirm");
	char account[ID_TEXT_BYTES], prompt[QUESTION_BYTES];
	size_t n;

	hex_encode(account, SPAN_ARRAY(box_identity(cli->box)->account));
	if (!typed) {
		snprintf(prompt, sizeof prompt,
			 _("All backups of all devices of this account are going to be deleted, in "
			   "14 days of the server's running. What lies on the devices stays.\n"
			   "Account: %s\nTo go on, type its first %d digits: "),
			 account, CONFIRM_MIN);
		if (ask_line(&line, prompt, "--confirm ACCOUNT", err) < 0)
			return -1;
		typed = buf_str(&line);
	}
	n = strlen(typed);
	if (n >= CONFIRM_MIN && n < sizeof account && strncasecmp(typed, account, n) == 0)
		return 0;
	err_set(err, ERR_CANCELLED, "that is not this account's id: nothing was changed");
	return err_hint(err, "cloudbox account shows it");
}

int
cmd_account_delete(struct cli *cli, struct err *err)
{
	struct account_standing s;
	struct unlocked *u;

	if (!cli_account_box(cli, err) || confirm_delete(cli, err) < 0)
		return -1;
	u = cli_unlock_anew(cli, err);
	if (!u || account_delete(&s, u, cli->box, err) < 0)
		return -1;
	cli_lock(cli); /* a held session would log in again, and call it off */
	if (!cli->json)
		printf(_("%s✓%s The account is going to be deleted. Until then everything goes on "
			 "as before.\n"),
		       cli_green(cli), cli_plain(cli));
	return show(cli, &s, true, err);
}

/* --- retention --- */

/* What is about to happen, and whether it may. */
static int
confirm_policy(const struct cli *cli, const struct account_standing *s, uint32_t days, bool lift,
	       struct err *err)
{
	char question[QUESTION_BYTES];
	int rc;

	if (days >= s->is.retention_days && !lift)
		return 0;
	if (lift)
		snprintf(question, sizeof question,
			 _("Let the server clear away what it holds back? In 14 days of its "
			   "running the old versions go; until then any unlocking calls it off."));
	else
		snprintf(question, sizeof question,
			 _("Keep old versions for %u days in place of %u? It holds after 14 days "
			   "of the server's running; until then any unlocking calls it off."),
			 days, s->is.retention_days);
	rc = ask_yes_no(cli, question, err);
	if (rc == 0)
		return err_set(err, ERR_CANCELLED, "nothing was changed");
	return rc < 0 ? -1 : 0;
}

static int
read_days(uint32_t *out, const struct cli *cli, struct err *err)
{
	const char *typed = cli_word(cli, 0);
	unsigned long n;
	char *end;

	if (!typed)
		return 0;
	n = strtoul(typed, &end, 10);
	if (*typed < '0' || *typed > '9' || (*end && strcmp(end, "d") != 0) || n > DAYS_MAX ||
	    n < LOG_RETENTION_DAYS_MIN)
		return err_set(err, ERR_USAGE, "for how many days? %d to %d",
			       LOG_RETENTION_DAYS_MIN, DAYS_MAX);
	*out = (uint32_t)n;
	return 0;
}

static int
nothing_held(struct cli *cli, const struct account_standing *s, struct err *err)
{
	if (!cli->json)
		puts(_("The server holds nothing back."));
	return show(cli, s, false, err);
}

int
cmd_retention(struct cli *cli, struct err *err)
{
	struct account_standing s, then;
	bool lift = args_has(&cli->args, "--lift-hold");
	uint32_t days = 0;
	struct unlocked *u;

	if (read_days(&days, cli, err) < 0)
		return -1;
	if (!days && !lift)
		return cmd_account(cli, err);
	/* First, since it calls off what waited. */
	u = cli_unlock_anew(cli, err);
	if (!u || account_standing_ask(&s, cli->box, cli->remote, err) < 0)
		return -1;
	if (lift && !days && s.is.n_held_all == 0)
		return nothing_held(cli, &s, err);
	if (lift && cli->answer == ANSWER_ASK && !cli->json)
		waits_warn(cli, &s, STANDING_HELD);
	if (!days)
		days = s.is.retention_days;
	if (days == s.is.retention_days && !lift)
		return show(cli, &s, false, err);
	if (confirm_policy(cli, &s, days, lift, err) < 0 ||
	    account_policy_set(&then, u, cli->box, days, lift, err) < 0)
		return -1;
	cli_lock(cli); /* a held session would log in again, and call it off */
	return show(cli, &then, true, err);
}

/* --- retire --- */

static int
confirm_retire(const struct cli *cli, const struct unlocked *u, const struct id16 *device,
	       struct err *err)
{
	bool is_me = memcmp(device->b, box_identity(cli->box)->device, sizeof device->b) == 0;
	char name[ACCOUNT_DEVICE_NAME_MAX + 1], question[QUESTION_BYTES];
	int rc;

	unlocked_device_name(name, u, device);
	if (!name[0])
		snprintf(name, sizeof name, "%.8s", id16_hex(device).s);
	snprintf(question, sizeof question,
		 is_me ? _("Give up %s, the terminal at hand? It saves nothing any more. What it "
			   "saved counts as forgotten: it can be restored for %u days yet, then it "
			   "goes. What lies on the terminal stays.")
		       : _("Give up %s? It saves nothing any more. What it saved counts as "
			   "forgotten: it can be restored for %u days yet, then it goes. It keeps "
			   "its keys: a lost or stolen one is shut out with cloudbox revoke."),
		 cli_clean(name), unlocked_log(u)->retention_days);
	rc = ask_yes_no(cli, question, err);
	if (rc == 0)
		return err_set(err, ERR_CANCELLED, "nothing was changed");
	return rc < 0 ? -1 : 0;
}

int
cmd_retire(struct cli *cli, struct err *err)
{
	struct unlocked *u = cli_unlock_anew(cli, err);
	const struct log_device *d;
	struct id16 device;

	if (!u || unlocked_device_find(&device, u, cli_word(cli, 0), err) < 0)
		return -1;
	d = log_state_device(unlocked_log(u), &device);
	if (d->state != DEVICE_ALIVE) {
		if (cli->json)
			json_changed(cli, 0);
		else
			puts(_("That device is not in use any more."));
		return CLI_DONE;
	}
	if (confirm_retire(cli, u, &device, err) < 0 ||
	    account_retire(u, cli->box, &device, err) < 0)
		return -1;
	if (cli->json)
		json_changed(cli, 1);
	else
		printf(_("%s✓%s It is given up. Until its time is over it can be restored: "
			 "cloudbox "
			 "restore --from %.8s\n"),
		       cli_green(cli), cli_plain(cli), id16_hex(&device).s);
	return CLI_DONE;
}
