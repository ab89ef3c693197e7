/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd_server: server: where the account's server is; and the move to another address of it.
 *
 *     the address is the one already ------------------------> said so
 *     its key is trusted (pin, CA, or asked) -> it is the account's server (account_server_meet)
 *        the log says so already: another device moved it ----> followed, no passphrase
 *        the old address answers with something else ---------> refused: two servers
 *        unlocked there, signed ------------------------------> moved; the others follow
 */
#include "account/owner.h"
#include "box/identity.h"
#include "box/settings.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/trust.h"
#include "remote/remote.h"
#include "remote/remote_url.h"

static int
show(struct cli *cli, uint64_t changed, struct err *err)
{
	AUTO(buf_clear) struct buf before = BUF_INIT(SETTING_VALUE_MAX);
	char line[REMOTE_URL_TEXT_BYTES];
	struct remote_url url;
	struct json_object *o;
	int rc = setting_get(&before, cli->box, ACCOUNT_SERVER_BEFORE, err);

	if (rc < 0 || cli_server(&url, cli, err) < 0)
		return -1;
	remote_url_print(line, &url);
	if (!cli->json) {
		puts(line);
		return CLI_DONE;
	}
	o = json_record(cli);
	json_put_number(cli, o, "changed", changed);
	json_put_text(cli, o, "server", line);
	json_put_text(cli, o, "before", rc == 0 ? buf_str(&before) : NULL);
	json_result(cli, o);
	return CLI_DONE;
}

static int
read_address(struct remote_url *out, const struct cli *cli, struct err *err)
{
	if (remote_url_parse(out, span_str(cli_word(cli, 0)), err) < 0) {
		if (err->code == ERR_SYNTAX)
			err->code = ERR_USAGE;
		return -1;
	}
	if (out->kind == REMOTE_URL_SERVER)
		return 0;
	err_set(err, ERR_USAGE, "this is no server's address");
	return err_hint(err, "it takes https://HOST:PORT/#pin=…, as the server's owner gives it");
}

static int
two_servers(struct err *err)
{
	err_set(err, ERR_ALARM,
		"the old address answers, and shows another state of the account: these are two "
		"servers");
	return err_hint(err, "nothing was changed; the operator has to stop the one of which the "
			     "other is a copy, or devices would save to both");
}

static int
moved(struct cli *cli, enum account_server_old old, struct err *err)
{
	if (!cli->json)
		printf(_("%s✓%s This terminal goes to the new address from now on.\n"),
		       cli_green(cli), cli_plain(cli));
	if (old == ACCOUNT_SERVER_ANOTHER)
		cli_warn(cli,
			 _("the old address still answers, but does not know of the move: it is "
			   "another server. Have its operator stop it, and type this command on "
			   "each other device."));
	else if (old == ACCOUNT_SERVER_SILENT)
		cli_warn(cli, _("the old address does not answer: the other devices cannot hear of "
				"the move. Type this command on each of them."));
	else if (!cli->json)
		puts(_("The other devices follow by themselves, at their next contact with the old "
		       "address."));
	return show(cli, 1, err);
}

/* @old: the address until now. */
static int
move(struct cli *cli, struct remote *old, struct err *err)
{
	int rc = account_server_meet(cli->box, cli->remote, err);
	struct unlocked *u;

	if (rc < 0)
		return -1;
	if (rc == 0)
		return show(cli, 1, err);
	if (account_server_compare(cli->box, old, cli->remote) == ACCOUNT_SERVER_ANOTHER)
		return two_servers(err);
	u = cli_unlock_anew(cli, err);
	if (!u || account_server_move(u, cli->box, err) < 0)
		return -1;
	return moved(cli, account_server_compare(cli->box, old, cli->remote), err);
}

int
cmd_server(struct cli *cli, struct err *err)
{
	AUTO(remote_free) struct remote *old = NULL;
	struct remote_url to, from;
	/* One try: whoever moves often does so because it is gone. */
	const struct remote_options once = { .tries = 1, .connect_ms = 3000, .stall_s = 10 };

	if (!cli_account_box(cli, err))
		return -1;
	if (!cli_word(cli, 0))
		return show(cli, 0, err);
	if (read_address(&to, cli, err) < 0 || cli_server(&from, cli, err) < 0)
		return -1;
	if (account_server_is(cli->box, &to))
		return show(cli, 0, err);
	if (remote_new(&old, &from, &once, err) < 0 ||
	    remote_new(&cli->remote, &to, NULL, err) < 0 || trust_server(cli, err) < 0)
		return -1;
	return move(cli, old, err);
}
