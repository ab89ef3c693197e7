/* SPDX-License-Identifier: Apache-2.0 */
/* help: the overview and each command's own page, from the table of commands. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/cli.h"

/** All commands, by group. */
void help_overview(const struct cli *cli);

/** One command: synopsis, what it does, its options. */
void help_command(const struct cli *cli, const struct command *command);

#endif
