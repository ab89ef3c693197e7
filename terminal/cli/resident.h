/* SPDX-License-Identifier: Apache-2.0 */
/* resident: `cloudbox run`, the service, as the command line has it. */
#ifndef CLI_RESIDENT_H
#define CLI_RESIDENT_H

#include "cli/cli.h"

/** Serve until a signal ends it.  An exit status, or -1 with @err. */
int resident_run(struct cli *cli, struct err *err);

/** After the command of @cli has gone well: if it changed what the service goes by, let it look. */
void resident_notice(struct cli *cli);

/** What the service says of itself (docs/protocol/service.md); NULL: none runs, or it does not answer. */
struct json_object *resident_json(const struct cli *cli);

#define RESIDENT_TEXT_BYTES 160

/** "process 4711; unlocked for 7 minutes more", or that none runs. */
void resident_text(char out[static RESIDENT_TEXT_BYTES], const struct cli *cli);

#endif
