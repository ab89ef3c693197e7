/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_join: init and join: how this terminal comes into an account. */
#include <unistd.h>

#include "account/account.h"
#include "account/pair.h"
#include "box/identity.h"
#include "box/region.h"
#include "box/settings.h"
#include "cli/ask.h"
#include "cli/code.h"
#include "cli/commands.h"
#include "cli/compare.h"
#include "cli/interrupt.h"
#include "cli/newest.h"
#include "cli/told.h"
#include "cli/trust.h"
#include "remote/remote.h"
#include "restore/restore.h"

#define URL_BYTES_MAX 4096

/* The URL itself, or one line of standard input for "-". */
static int
read_url(struct remote_url *out, const char *word, struct err *err)
{
	char text[URL_BYTES_MAX];

	if (strcmp(word, "-") == 0) {
		if (!fgets(text, sizeof text, stdin))
			return err_set(err, ERR_USAGE, "no URL came from standard input");
		word = text;
	}
	if (remote_url_parse(out, span_str(word), err) == 0)
		return 0;
	if (err->code == ERR_SYNTAX)
		err->code = ERR_USAGE; /* as an address of the wrong kind */
	return -1;
}

static const char *
terminal_name(const struct cli *cli, char host[static ACCOUNT_DEVICE_NAME_MAX + 1])
{
	const char *name = args_value(&cli->args, "--name");

	if (name)
		return name;
	if (gethostname(host, ACCOUNT_DEVICE_NAME_MAX) < 0 || !host[0])
		snprintf(host, ACCOUNT_DEVICE_NAME_MAX, "%s", _("terminal"));
	host[ACCOUNT_DEVICE_NAME_MAX] = '\0';
	return host;
}

/* A Box that is in no account yet, and its server to be. */
static int
prepare(struct cli *cli, const struct remote_url *url, struct err *err)
{
	struct box *box = cli_box(cli, err);

	if (!box)
		return -1;
	if (box_identity(box)) {
		err_set(err, ERR_EXISTS, "this terminal is in an account already");
		return err_hint(err, "cloudbox status shows it; another Box: --home DIR; a "
				     "recovery code that was never shown: cloudbox recovery new");
	}
	if (remote_new(&cli->remote, url, NULL, err) < 0)
		return -1;
	return trust_server(cli, err);
}

/* account, device, server: of a terminal that is in an account. */
static int
put_identity(struct cli *cli, struct json_object *o, struct err *err)
{
	const struct identity *id = box_identity(cli->box);
	char text[2 * CRYPTO_ID_BYTES + 1], server[REMOTE_URL_TEXT_BYTES];
	struct remote_url url;

	if (cli_server(&url, cli, err) < 0)
		return -1;
	remote_url_print(server, &url);
	hex_encode(text, SPAN_ARRAY(id->account));
	json_put_text(cli, o, "account", text);
	hex_encode(text, SPAN_ARRAY(id->device));
	json_put_text(cli, o, "device", text);
	json_put_text(cli, o, "server", server);
	return 0;
}

/* The lines to type on another terminal. */
static int
print_account(const struct cli *cli, struct err *err)
{
	char account[2 * CRYPTO_ID_BYTES + 1], server[REMOTE_URL_TEXT_BYTES];
	struct remote_url url;

	if (cli_server(&url, cli, err) < 0)
		return -1;
	remote_url_print(server, &url);
	hex_encode(account, SPAN_ARRAY(box_identity(cli->box)->account));
	printf(_("%s✓%s The account is made. Another terminal joins it with:\n"), cli_green(cli),
	       cli_plain(cli));
	printf("    cloudbox join '%s' --account %s\n", server, account);
	return 0;
}

/* A new account; or the one that was begun before this terminal was killed. */
static int
found_account(struct recovery_code **code, struct cli *cli, const struct remote_url *url,
	      struct err *err)
{
	AUTO(passphrase_free) struct passphrase *p = NULL;
	char host[ACCOUNT_DEVICE_NAME_MAX + 1];
	struct account_init_request request = { .name = terminal_name(cli, host) };
	int begun;

	memcpy(request.invitation.b, url->code, sizeof request.invitation.b);
	begun = account_init_begun(cli->box, cli->remote, &request.invitation, err);
	if (begun < 0)
		return -1;
	if (begun) {
		cli_warn(cli, _("the account was made already, before this command was ended: the "
				"passphrase that was chosen then finishes it"));
		if (ask_chosen_passphrase(&p, cli, err) < 0)
			return -1;
		return account_init_finish(code, cli->box, cli->remote, p, err);
	}
	if (ask_new_passphrase(&p, cli, true, err) < 0)
		return -1;
	request.passphrase = p;
	return account_init(code, cli->box, cli->remote, &request, err);
}

static int
found(struct cli *cli, const struct remote_url *url, struct err *err)
{
	AUTO(recovery_code_free) struct recovery_code *code = NULL;
	struct json_object *o;
	struct region region;

	if (code_can_be_shown(cli, err) < 0 || prepare(cli, url, err) < 0 ||
	    found_account(&code, cli, url, err) < 0)
		return -1;
	if (code_show(cli, code, err) < 0 || region_settle(&region, cli->box, err) < 0)
		return -1;
	if (!cli->json)
		return print_account(cli, err) < 0 ? -1 : CLI_DONE;
	o = json_record(cli);
	json_result(cli, o);
	if (put_identity(cli, o, err) < 0)
		return -1;
	code_json(cli, o, code);
	newest_json(cli, o, NULL, 0);
	return CLI_DONE;
}

int
cmd_init(struct cli *cli, struct err *err)
{
	struct remote_url url;

	if (read_url(&url, cli_word(cli, 0), err) < 0)
		return -1;
	if (url.kind != REMOTE_URL_INVITATION) {
		err_set(err, ERR_USAGE, "this is no invitation");
		return err_hint(err, "the server's owner makes one with: cloudboxd invite");
	}
	return found(cli, &url, err);
}

/* The account's id, given or asked for. */
static int
read_account(struct id16 *out, const struct cli *cli, struct err *err)
{
	AUTO(buf_clear) struct buf line = BUF_INIT(URL_BYTES_MAX);
	const char *digits = args_value(&cli->args, "--account");

	if (!digits) {
		if (ask_line(&line, _("Account id: "), "--account ID", err) < 0)
			return -1;
		digits = buf_str(&line);
	}
	if (hex_decode(out->b, sizeof out->b, span_str(digits)))
		return 0;
	err_set(err, ERR_USAGE, "an account id has 32 digits, 0 to 9 and a to f");
	return err_hint(err, "cloudbox status shows it on a terminal of the account");
}

static int
read_credential(struct ask_credential *c, struct id16 *account,
		struct account_join_request *request, const struct cli *cli, struct err *err)
{
	bool recovery = args_has(&cli->args, "--recovery");

	if (recovery && args_has(&cli->args, "--account"))
		return err_set(err, ERR_USAGE, "--account and --recovery cannot both be meant");
	if (recovery && ask_recovery_code(&c->recovery, cli, err) < 0)
		return -1;
	if (!recovery) {
		if (read_account(account, cli, err) < 0 ||
		    ask_passphrase(&c->passphrase, cli, err) < 0)
			return -1;
		request->account = account;
	}
	request->with =
		(struct account_credential){ .passphrase = c->passphrase, .recovery = c->recovery };
	return 0;
}

/* What lies there, asked about where there is a person to ask: on a blank terminal only a person can
 * tell an old state from the newest. */
static int
confirm_newest(void *ctx, struct unlocked *u, struct account_newest *d, size_t n, struct err *err)
{
	struct cli *cli = ctx;
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= d[i].seq > 0;
	if (!any || cli->answer == ANSWER_YES || (cli->answer == ANSWER_ASK && cli->json) ||
	    (cli->answer == ANSWER_ASK && !isatty(STDIN_FILENO)))
		return 1;
	if (newest_without_box(u, d, n, err) < 0 || newest_print(cli, d, n, err) < 0)
		return -1;
	return ask_yes_no(cli, _("Is that what lies there, as far as you know?"), err);
}

/* What others have in the cloud, and how to get at it. */
static int
print_others(struct cli *cli, const struct account_newest *d, size_t n, struct err *err)
{
	const struct identity *id = box_identity(cli->box);
	char id_text[2 * CRYPTO_ID_BYTES + 1];

	if (newest_print(cli, d, n, err) < 0)
		return -1;
	if (args_has(&cli->args, "--replace"))
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (!d[i].seq || !memcmp(d[i].device.b, id->device, sizeof id->device))
			continue;
		hex_encode(id_text, SPAN_ARRAY(d[i].device.b));
		printf(_("To take over the Box of %s: cloudbox restore box --from %.8s\n"),
		       cli_clean(d[i].name[0] ? d[i].name : id_text), id_text);
	}
	return 0;
}

/* --replace: the other device's Box comes over at once. */
static int
take_over(struct cli *cli, struct err *err)
{
	AUTO(restore_result_clear) struct restore_result r = { 0 };

	const char *old = args_value(&cli->args, "--replace");
	int rc = restore_take_over_box(&r, cli->box, cli->unlocked, old, NULL, err);

	if (rc < 0 && err->code == ERR_NOT_FOUND) {
		cli_warn(
			cli,
			_("the other terminal never saved its Box: there is nothing to take over"));
		return CLI_DONE;
	}
	if (rc < 0)
		return err_wrap(err, "this terminal joined, but the other one's Box did not come");
	told_alarms(cli, r.alarms, r.n_alarms);
	if (!cli->json && told_restore(cli, &r, false, err) < 0)
		return -1;
	return r.failed ? CLI_PARTIAL : CLI_DONE;
}

/* What lies there; who joined by a pairing cannot open it, and reads what the server says. */
static int
read_newest(struct account_newest devices[static ACCOUNT_DEVICES_MAX], size_t *n, struct cli *cli,
	    struct err *err)
{
	if (!cli->unlocked)
		return account_newest_read(devices, n, cli->box, cli->remote, err);
	if (account_newest_checked(devices, n, cli->unlocked, err) < 0)
		return -1;
	return newest_without_box(cli->unlocked, devices, *n, err);
}

/* After joining. */
static int
report(struct cli *cli, struct err *err)
{
	struct account_newest devices[ACCOUNT_DEVICES_MAX];
	size_t n = 0;
	struct json_object *o;

	if (read_newest(devices, &n, cli, err) < 0)
		return -1;
	if (!cli->json)
		return print_others(cli, devices, n, err);
	o = json_record(cli);
	json_result(cli, o);
	if (put_identity(cli, o, err) < 0)
		return -1;
	newest_json(cli, o, devices, n);
	return 0;
}

/* By what it joins, before it does: killed in between, it would not know. */
static int
note_credential(struct box *box, const struct ask_credential *given, struct err *err)
{
	return given->recovery ? setting_set(box, ASK_JOINED_BY, span_str("recovery"), err)
			       : setting_remove(box, ASK_JOINED_BY, err);
}

static int
join(struct cli *cli, const struct remote_url *url, struct err *err)
{
	AUTO(ask_credential_clear) struct ask_credential given = { 0 };
	char host[ACCOUNT_DEVICE_NAME_MAX + 1];
	struct account_join_request request = {
		.name = terminal_name(cli, host),
		.replace = args_value(&cli->args, "--replace"),
		.confirm = confirm_newest,
		.confirm_ctx = cli,
	};
	struct id16 account;
	struct region region;
	int status = CLI_DONE;

	if (read_credential(&given, &account, &request, cli, err) < 0 ||
	    prepare(cli, url, err) < 0 || note_credential(cli->box, &given, err) < 0 ||
	    account_join(&cli->unlocked, cli->box, cli->remote, &request, err) < 0)
		return -1;
	if (!cli->json)
		printf("%s✓%s %s\n", cli_green(cli), cli_plain(cli),
		       _("This terminal has joined."));
	if (request.replace)
		status = take_over(cli, err);
	if (status < 0)
		return -1;
	if (region_settle(&region, cli->box, err) < 0 || report(cli, err) < 0)
		return err_wrap(err, "this terminal has joined, but what lies there is not known");
	return status;
}

/* Options that go with a passphrase or a code, and make no sense here. */
static int
refuse_others(const struct cli *cli, struct err *err)
{
	static const char *const others[] = { "--account", "--recovery", "--replace" };

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (args_has(&cli->args, others[i])) {
			err_set(err, ERR_USAGE, "%s does not go with a pairing", others[i]);
			return err_hint(err, "join with the server's own address for that");
		}
	return 0;
}

/* The code that another terminal shows. */
static int
join_paired(struct cli *cli, const struct remote_url *code, struct err *err)
{
	const struct account_pair_person person = { .ctx = cli, .compare = compare_digits };
	const struct remote_watch watch = { .cancelled = interrupt_came };
	struct remote_url server = remote_url_server(code);
	char host[ACCOUNT_DEVICE_NAME_MAX + 1];
	struct region region;
	int rc;

	if (refuse_others(cli, err) < 0 || compare_possible(cli, err) < 0 ||
	    prepare(cli, &server, err) < 0)
		return -1;
	interrupt_watch();
	remote_watch(cli->remote, &watch);
	rc = account_pair_join(cli->box, cli->remote, code, terminal_name(cli, host), &person, err);
	remote_watch(cli->remote, NULL);
	if (rc < 0)
		return -1;
	if (!cli->json)
		printf("%s✓%s %s\n", cli_green(cli), cli_plain(cli),
		       _("This terminal has joined."));
	if (setting_remove(cli->box, ASK_JOINED_BY, err) < 0 ||
	    region_settle(&region, cli->box, err) < 0 || report(cli, err) < 0)
		return err_wrap(err, "this terminal has joined, but what lies there is not known");
	return CLI_DONE;
}

int
cmd_join(struct cli *cli, struct err *err)
{
	struct remote_url url;
	int rc = read_url(&url, cli_word(cli, 0), err);

	if (rc < 0)
		return -1;
	if (url.kind == REMOTE_URL_SERVER)
		return join(cli, &url, err);
	if (url.kind == REMOTE_URL_PAIRING) {
		rc = join_paired(cli, &url, err);
		secret_wipe(url.secret, sizeof url.secret);
		return rc;
	}
	err_set(err, ERR_USAGE, "this is an invitation: it makes a new account");
	return err_hint(err, "cloudbox init takes it; join takes https://HOST:PORT/#pin=…");
}
