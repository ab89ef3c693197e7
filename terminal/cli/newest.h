/* SPDX-License-Identifier: Apache-2.0 */
/* newest: what each device of the account has in the cloud: for `join`, `init` and `devices`. */
#ifndef CLI_NEWEST_H
#define CLI_NEWEST_H

#include "cli/cli.h"

struct account_newest;
struct unlocked;

/** Take the Box's own items out of the counts, which the server cannot tell from others: one small
 *  question for each device that has any.  The account is unlocked. */
int newest_without_box(struct unlocked *u, struct account_newest *d, size_t n, struct err *err);

/** "newest" of `init` and `join`: per device the date, the items and the head's words. */
void newest_json(struct cli *cli, struct json_object *o, const struct account_newest *d, size_t n);

/** The result of `devices`. */
void newest_devices_json(struct cli *cli, const struct account_newest *d, size_t n);

/** The same for people, with states in place of counts. */
int
newest_devices_print(struct cli *cli, const struct account_newest *d, size_t n, struct err *err);

/** What newest_json() says, for people. */
int newest_print(struct cli *cli, const struct account_newest *d, size_t n, struct err *err);

#endif
