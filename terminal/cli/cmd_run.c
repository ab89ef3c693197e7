/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_run: run: what is due by itself: now, or whenever it is. */
#include "cli/commands.h"
#include "cli/resident.h"
#include "cli/run_once.h"

int
cmd_run(struct cli *cli, struct err *err)
{
	return args_has(&cli->args, "--once") ? run_once(cli, err) : resident_run(cli, err);
}
