/* SPDX-License-Identifier: Apache-2.0 */
/* help: the overview and each command's own page, from the table of commands. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "cli/cli.h"

/** All commands, by group.  With --json an object: commands (as below), options. */
void help_overview(struct cli *cli);

/** One command: synopsis, what it does, its options.  With --json an object: name, synopsis,
 *  summary, details, options (arrays of {name, value, help}). */
void help_command(struct cli *cli, const struct command *command);

#endif
