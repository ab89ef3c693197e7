/* SPDX-License-Identifier: Apache-2.0 */
/* run_once: `cloudbox run --once`: do what is due now, say what waits for what, and end. */
#ifndef CLI_RUN_ONCE_H
#define CLI_RUN_ONCE_H

#include "cli/cli.h"

/** An exit status, or -1 with @err.  A task that fails does not keep the others from being done; the first
 *  failure gives the status. */
int run_once(struct cli *cli, struct err *err);

#endif
