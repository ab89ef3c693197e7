/* SPDX-License-Identifier: Apache-2.0 */
/* newest: what each device of the account has in the cloud: for `join`, `init` and `devices`. */
#ifndef CLI_NEWEST_H
#define CLI_NEWEST_H

#include "cli/cli.h"

struct account_newest;

/** "newest" of `init` and `join`: per device the date, the items and the head's words. */
void newest_json(struct cli *cli, struct json_object *o, const struct account_newest *d, size_t n);

/** The result of `devices`. */
void newest_devices_json(struct cli *cli, const struct account_newest *d, size_t n);

/** The same for people. */
int newest_print(struct cli *cli, const struct account_newest *d, size_t n, struct err *err);

#endif
