/* SPDX-License-Identifier: Apache-2.0 */
/* compare: see compare.h. */
#include "cli/compare.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/cli.h"

#define QUESTION_BYTES 512

int
compare_possible(const struct cli *cli, struct err *err)
{
	if (cli->answer != ANSWER_ASK || isatty(STDIN_FILENO))
		return 0;
	err_set(err, ERR_USAGE,
		"two people compare six digits, and there is no terminal to ask this one on");
	return err_hint(err, "with --yes nobody compares them: whoever saw the code and stands "
			     "between the two terminals gets into the account");
}

int
compare_digits(void *ctx, const char *digits, struct err *err)
{
	const struct cli *cli = ctx;
	char question[QUESTION_BYTES];
	int same;

	if (cli->answer == ANSWER_YES) {
		fprintf(stderr, _("The six digits, which nobody compared here: %.3s %s\n"), digits,
			digits + 3);
		return 1;
	}
	snprintf(question, sizeof question,
		 _("The six digits:\n\n    %.3s %s\n\nDoes the other terminal show the same?"),
		 digits, digits + 3);
	same = ask_yes_no(cli, question, err);
	if (same == 1)
		fprintf(stderr, "%s\n", _("Waiting for the yes of the other side."));
	return same;
}
