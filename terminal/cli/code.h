/* SPDX-License-Identifier: Apache-2.0 */
/*
 * code: showing a new recovery code, once, and asking three of its groups back.
 *
 * Where nobody can be asked (--yes, --no), it is only printed; `recovery confirm` comes later.
 */
#ifndef CLI_CODE_H
#define CLI_CODE_H

#include "cli/cli.h"

struct recovery_code;

/** Before a code is made: whether it can be shown and asked back.  ERR_USAGE naming --yes where
 *  there is no terminal, so that no code is made that nobody sees. */
int code_can_be_shown(const struct cli *cli, struct err *err);

/** Show @code and ask for parts of it; if they were right, the Box notes it as confirmed. */
int code_show(struct cli *cli, const struct recovery_code *code, struct err *err);

/** Put it into @o as "recovery_code". */
void code_json(struct cli *cli, struct json_object *o, const struct recovery_code *code);

#endif
