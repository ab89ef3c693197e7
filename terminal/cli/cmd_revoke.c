/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_revoke: revoke: a lost or stolen device is shut out of the account. */
#include <limits.h>

#include "account/account.h"
#include "box/identity.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/code.h"
#include "cli/commands.h"
#include "cli/show.h"
#include "cli/table.h"
#include "crypto/recovery.h"
#include "remote/remote.h"

#define QUESTION_BYTES 1024

/* Who is to be shut out, and from where on. */
struct cut {
	struct id16 device;
	char called[ACCOUNT_DEVICE_NAME_MAX + 1]; /* its name, or the beginning of its id */
	uint64_t newest;                          /* number of its newest backup; 0: none */
	struct account_batch batches[ACCOUNT_BATCHES_MAX];
	size_t n;
	const struct account_batch *trusted; /* NULL: all that it has saved */
};

static int
find_device(struct cut *c, struct cli *cli, struct unlocked *u, struct err *err)
{
	const struct identity *me = box_identity(cli->box);

	if (unlocked_device_find(&c->device, u, cli_word(cli, 0), err) < 0)
		return -1;
	unlocked_device_name(c->called, u, &c->device);
	if (!c->called[0])
		snprintf(c->called, sizeof c->called, "%.8s", id16_hex(&c->device).s);
	if (memcmp(c->device.b, me->device, sizeof me->device) != 0)
		return 0;
	err_set(err, ERR_USAGE, "this is the terminal at hand: it cannot shut itself out");
	return err_hint(err, "type it on another device of the account; a new one joins with "
			     "cloudbox join");
}

static int
read_batches(struct cut *c, struct unlocked *u, struct err *err)
{
	struct account_newest devices[ACCOUNT_DEVICES_MAX];
	size_t n;

	if (account_newest_checked(devices, &n, u, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (id16_equal(&devices[i].device, &c->device))
			c->newest = devices[i].seq;
	return account_batches_read(c->batches, &c->n, u, &c->device, c->newest, err);
}

/* --trust N: the last backup that counts. */
static int
choose_cut(struct cut *c, const struct cli *cli, struct unlocked *u, struct err *err)
{
	static const struct account_batch none = { .seq = 0 };
	const char *typed = args_value(&cli->args, "--trust");
	unsigned long number = 0;

	if (!typed)
		return 0;
	if (strcmp(typed, "0") == 0) {
		c->trusted = &none;
		return 0;
	}
	if (args_number(&cli->args, "--trust", LONG_MAX, &number, err) < 0)
		return -1;
	if (number > c->newest)
		return err_set(err, ERR_USAGE, "its newest backup has number %llu",
			       (unsigned long long)c->newest);
	if (account_batches_read(c->batches, &c->n, u, &c->device, number, err) < 0)
		return -1;
	if (c->n == 0 || c->batches[c->n - 1].seq != number)
		return err_set(err, ERR_NOT_FOUND, "backup %lu of it is not there any more",
			       number);
	c->trusted = &c->batches[c->n - 1];
	return 0;
}

static int
print_batches(const struct cut *c, const struct cli *cli, struct err *err)
{
	const struct column columns[] = {
		{ _("backup"), COLUMN_RIGHT },
		{ _("at"), COLUMN_LEFT },
		{ _("items"), COLUMN_RIGHT },
	};
	AUTO(table_clear) struct table t = TABLE_INIT(columns);

	for (size_t i = 0; i < c->n; i++)
		if (TABLE_ADD(&t, err, show_count(c->batches[i].seq).s,
			      show_when(c->batches[i].client_unix_ms).s,
			      show_count(c->batches[i].n_records).s) < 0)
			return -1;
	return c->n ? table_print(&t, stdout, cli->width, cli->colour_out, err) : 0;
}

/* What is about to happen, and whether it may. */
static int
confirm(const struct cut *c, const struct cli *cli, struct err *err)
{
	char question[QUESTION_BYTES];
	int rc;

	if (cli->answer == ANSWER_ASK && !cli->json && print_batches(c, cli, err) < 0)
		return -1;
	if (!c->trusted || c->trusted->seq == c->newest)
		snprintf(question, sizeof question,
			 _("Shut out %s? All that it has saved until now stays; nothing that it "
			   "saves from now on counts. The account's keys change, and there is a "
			   "new recovery code."),
			 cli_clean(c->called));
	else
		snprintf(question, sizeof question,
			 _("Shut out %s? What it saved up to backup %s stays; what it saved after "
			   "that is void and goes in 14 days. The account's keys change, and there "
			   "is a new recovery code."),
			 cli_clean(c->called), show_count(c->trusted->seq).s);
	rc = ask_yes_no(cli, question, err);
	if (rc == 0)
		return err_set(err, ERR_CANCELLED, "nothing was changed");
	return rc < 0 ? -1 : 0;
}

static int
report(struct cli *cli, const struct cut *c, const struct recovery_code *code, struct err *err)
{
	struct json_object *o;

	if (!cli->json)
		printf(_("%s✓%s %s is shut out. The other devices take the new keys by themselves, "
			 "at their next backup or restore.\n"),
		       cli_green(cli), cli_plain(cli), cli_clean(c->called));
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

static int
out_already(struct cli *cli, const struct cut *c)
{
	if (cli->json)
		json_changed(cli, 0);
	else
		printf(_("%s is shut out already. A recovery code that was never shown is replaced "
			 "with: cloudbox recovery new\n"),
		       cli_clean(c->called));
	return CLI_DONE;
}

int
cmd_revoke(struct cli *cli, struct err *err)
{
	AUTO(recovery_code_free) struct recovery_code *code = NULL;
	struct cut c = { .newest = 0 };
	struct unlocked *u;

	if (code_can_be_shown(cli, err) < 0)
		return -1;
	u = cli_unlock_anew(cli, err);
	if (!u || find_device(&c, cli, u, err) < 0)
		return -1;
	if (log_state_device(unlocked_log(u), &c.device)->state != DEVICE_ALIVE)
		return out_already(cli, &c);
	if (read_batches(&c, u, err) < 0 || choose_cut(&c, cli, u, err) < 0 ||
	    confirm(&c, cli, err) < 0 ||
	    account_revoke(&code, u, cli->box, &c.device, c.trusted, err) < 0)
		return -1;
	cli_lock(cli);
	return report(cli, &c, code, err);
}
