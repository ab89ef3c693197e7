/* SPDX-License-Identifier: Apache-2.0 */
/* bad: what verify and drill found to be bad, for people and in JSON. */
#ifndef CLI_BAD_H
#define CLI_BAD_H

#include "cli/cli.h"

struct verify_result;

/** The list under "bad" of @o. */
void bad_json(struct cli *cli, struct json_object *o, const struct verify_result *r);

/** Two lines for each. */
void bad_print(const struct cli *cli, const struct verify_result *r);

#endif
