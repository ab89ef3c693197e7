/* SPDX-License-Identifier: Apache-2.0 */
/* code: see code.h. */
#include "cli/code.h"

#include <ctype.h>
#include <unistd.h>

#include "box/identity.h"
#include "cli/ask.h"
#include "crypto/recovery.h"
#include "os/os.h"

#define GROUPS_ASKED     3
#define GROUP_CHARACTERS 4
#define TRIES            3
#define LINE_BYTES_MAX   256

int
code_can_be_shown(const struct cli *cli, struct err *err)
{
	if (cli->answer != ANSWER_ASK || isatty(STDIN_FILENO))
		return 0;
	err_set(err, ERR_USAGE, "a recovery code is made, and there is no terminal to ask it back");
	return err_hint(err, "with --yes it is printed; cloudbox recovery confirm comes later");
}

/* Whether @typed is the group, in either case, blanks aside. */
static bool
is_group(const char *typed, const char *group)
{
	size_t n = 0;

	for (; *typed; typed++) {
		if (isspace((unsigned char)*typed) || *typed == '-')
			continue;
		if (n == GROUP_CHARACTERS || toupper((unsigned char)*typed) != group[n++])
			return false;
	}
	return n == GROUP_CHARACTERS;
}

/* 1 right, 0 given up, -1. */
static int
ask_group(const char *shown, unsigned group, struct err *err)
{
	char prompt[128];

	snprintf(prompt, sizeof prompt, _("Group %u of the code: "), group + 1);
	for (int i = 0; i < TRIES; i++) {
		AUTO(buf_clear) struct buf line = BUF_INIT(LINE_BYTES_MAX);
		bool right;

		if (ask_line(&line, prompt, "--yes", err) < 0)
			return -1;
		right = is_group(buf_str(&line), shown + group * (GROUP_CHARACTERS + 1));
		secret_wipe(line.p, line.n);
		if (right)
			return 1;
		fprintf(stderr, "%s\n", _("That is not what stands there. Once more:"));
	}
	return 0;
}

/* Three different groups, in a random order.  1 all right, 0 not, -1. */
static int
ask_back(const char *shown, struct err *err)
{
	unsigned groups[RECOVERY_GROUPS];

	for (unsigned i = 0; i < RECOVERY_GROUPS; i++)
		groups[i] = i;
	for (unsigned i = 0; i < GROUPS_ASKED; i++) {
		uint32_t random;

		os_random(&random, sizeof random);
		unsigned j = i + random % (RECOVERY_GROUPS - i), group = groups[j];
		int right = ask_group(shown, group, err);

		groups[j] = groups[i];
		if (right != 1)
			return right;
	}
	return 1;
}

int
code_show(struct cli *cli, const struct recovery_code *code, struct err *err)
{
	char shown[RECOVERY_TEXT_BYTES];
	FILE *f = cli->json ? stderr : stdout;
	int right = 0;

	if (cli->json && cli->answer != ANSWER_ASK)
		return 0; /* it stands in the document */
	recovery_code_print(shown, code);
	fprintf(f, "\n%s\n\n    %s\n\n",
		_("The recovery code. Write it down now; it is shown this once:"), shown);
	fflush(f);
	if (cli->answer == ANSWER_ASK)
		right = ask_back(shown, err);
	secret_wipe(shown, sizeof shown);
	if (right < 0)
		return -1;
	if (right)
		return identity_set_recovery_confirmed(cli->box, true, err);
	cli_warn(cli, _("once the code is written down, type: cloudbox recovery confirm"));
	return 0;
}

void
code_json(struct cli *cli, struct json_object *o, const struct recovery_code *code)
{
	char shown[RECOVERY_TEXT_BYTES];

	recovery_code_print(shown, code);
	json_put_text(cli, o, "recovery_code", shown);
	secret_wipe(shown, sizeof shown);
}
