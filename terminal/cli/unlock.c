/* SPDX-License-Identifier: Apache-2.0 */
/* unlock: cli_unlock() and its kin: from what is given, held by the service, or asked for. */
#include "account/account.h"
#include "account/session.h"
#include "box/box.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/waits.h"
#include "service/ask.h"

/* A service that is not there, or has its own troubles, keeps nobody from unlocking. */
static void
offer_session(struct cli *cli)
{
	AUTO(account_session_free) struct account_session *s = NULL;
	struct err ignored;

	if (account_session_of(&s, cli->unlocked, &ignored) == 0)
		service_ask_keep(box_home_fd(cli->box), s, &ignored);
}

static struct unlocked *
unlock_by_asking(struct cli *cli, struct err *err)
{
	AUTO(ask_credential_clear) struct ask_credential given = { 0 };

	if (ask_credential(&given, cli, cli->box, err) < 0)
		return NULL;
	const struct account_credential with = { .passphrase = given.passphrase,
						 .recovery = given.recovery };
	if (account_unlock(&cli->unlocked, cli->box, cli->remote, &with, err) < 0)
		return NULL;
	waits_called_off(cli, unlocked_called_off(cli->unlocked));
	offer_session(cli);
	return cli->unlocked;
}

/* NULL with ERR_LOCKED: there is none, or it opens the account no more and is ended. */
static struct unlocked *
unlock_by_session(struct cli *cli, struct err *err)
{
	AUTO(account_session_free) struct account_session *s = NULL;
	struct err ignored;

	if (service_ask_session(&s, box_home_fd(cli->box), &ignored) != 0) {
		err_set(err, ERR_LOCKED, "no unlocked session is held");
		return NULL;
	}
	const struct account_credential with = { .session = s };
	if (account_unlock(&cli->unlocked, cli->box, cli->remote, &with, err) == 0) {
		waits_called_off(cli, unlocked_called_off(cli->unlocked));
		return cli->unlocked;
	}
	if (err->code == ERR_LOCKED)
		cli_lock(cli);
	return NULL;
}

struct unlocked *
cli_unlock_held(struct cli *cli, struct err *err)
{
	if (!cli_remote(cli, err))
		return NULL;
	return cli->unlocked ? cli->unlocked : unlock_by_session(cli, err);
}

bool
cli_can_unlock(struct cli *cli)
{
	AUTO(account_session_free) struct account_session *s = NULL;
	struct err ignored;

	return cli->unlocked || ask_credential_is_given(cli) ||
	       service_ask_session(&s, box_home_fd(cli->box), &ignored) == 0;
}

struct unlocked *
cli_unlock(struct cli *cli, struct err *err)
{
	if (!cli_remote(cli, err))
		return NULL;
	if (cli->unlocked)
		return cli->unlocked;
	if (!ask_credential_is_given(cli)) {
		struct unlocked *u = unlock_by_session(cli, err);

		if (u || err->code != ERR_LOCKED)
			return u;
	}
	return unlock_by_asking(cli, err);
}

struct unlocked *
cli_unlock_anew(struct cli *cli, struct err *err)
{
	if (!cli_remote(cli, err))
		return NULL;
	unlocked_free(TAKE(cli->unlocked));
	return unlock_by_asking(cli, err);
}

bool
cli_lock(struct cli *cli)
{
	struct err ignored;

	return service_ask_lock(box_home_fd(cli->box), &ignored) == 0;
}
