/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run: run: what is due by itself. */
#include "cli/commands.h"
#include "cli/run_once.h"

int
cmd_run(struct cli *cli, struct err *err)
{
	if (args_has(&cli->args, "--once"))
		return run_once(cli, err);
	err_set(err, ERR_USAGE, "run needs --once");
	return err_hint(err, "a timer starts it again and again; cloudbox auto shows when");
}
