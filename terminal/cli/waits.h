/* SPDX-License-Identifier: Apache-2.0 */
/*
 * waits: how the account stands, in words: what waits its 14 days, what a login called off, where
 * clearing stands still, and what to do about each.
 */
#ifndef CLI_WAITS_H
#define CLI_WAITS_H

#include "account/standing.h"

struct cli;
struct json_object;

/** Warn of what @flags (STANDING_…) names. */
void waits_warn(struct cli *cli, const struct account_standing *s, unsigned flags);

/** Say what a login has called off; nothing for 0. */
void waits_called_off(const struct cli *cli, unsigned what);

/** The members "pending" and "held". */
void waits_json(struct cli *cli, struct json_object *o, const struct account_standing *s);

/** After the server was talked to: hear how the account stands where that is due, and warn of what is
 *  new.  A failure is nothing that the command has to do with. */
void waits_follow(struct cli *cli);

/** What was heard last; all zero where nothing was. */
int waits_kept(struct account_standing *out, struct cli *cli, struct err *err);

#endif
