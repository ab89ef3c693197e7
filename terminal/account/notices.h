/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notices: what the server told of the account the last time it was asked anything: a device that is
 * silent, a drill that failed, a quota that nears, clearing that stands still.
 *
 * They are hints to a person, signed by nobody; nothing is done by them.  The Box keeps those that stand
 * (setting "local-notices"), and which of them were told already ("local-notices-told"): each is told
 * once by what runs, and shown by `status` for as long as it stands.
 */
#ifndef ACCOUNT_NOTICES_H
#define ACCOUNT_NOTICES_H

#include "wire/wire.h"

struct box;
struct remote;

#define NOTICE_TEXT_BYTES 512

struct account_notice {
	struct wire_notice notice;
	char text[NOTICE_TEXT_BYTES]; /* a sentence, in the program's language */
};

/** Keep what @remote was told by its last answer; nothing where it was told nothing yet. */
int account_notices_keep(struct box *box, const struct remote *remote, struct err *err);

/** Those that stand, as far as this terminal knows. */
int account_notices_read(struct account_notice out[static WIRE_NOTICES_MAX], size_t *n,
			 struct box *box, struct err *err);

/** Those of them that nobody was told of; from now on they count as told. */
int account_notices_new(struct account_notice out[static WIRE_NOTICES_MAX], size_t *n,
			struct box *box, struct err *err);

/** "silence", "drill", "quota", "fills", "hold": part of the JSON contract. */
const char *account_notice_kind_name(enum wire_notice_kind kind);

#endif
