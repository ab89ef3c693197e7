/* SPDX-License-Identifier: Apache-2.0 */
/*
 * standing: how the account stands, as the server last told it: for how long old versions are kept,
 * what waits its 14 days (keeping less, lifting holds, deleting the account), and the folders in
 * which clearing stands still.
 *
 * Only the server's clock knows for how much longer something waits, and only the server whether a
 * login has called it off; that it was asked for stands in the signed log.  What was told is kept in
 * the Box ("local-standing"), so that `status` can show it without asking.
 */
#ifndef ACCOUNT_STANDING_H
#define ACCOUNT_STANDING_H

#include "base/err.h"
#include "wire/wire.h"

struct box;    /* box/box.h */
struct remote; /* remote/remote.h */

/* What a person should know of. */
enum {
	STANDING_LESS = 1,   /* old versions are to be kept for fewer days */
	STANDING_LIFT = 2,   /* holds are to be lifted */
	STANDING_DELETE = 4, /* the account is to go */
	STANDING_HELD = 8,   /* clearing stands still */
};

/* All that a person's login calls off. */
#define STANDING_WAITS (STANDING_LESS | STANDING_LIFT | STANDING_DELETE)

struct account_standing {
	int64_t heard_unix_ms; /* this terminal's clock */
	struct wire_standing is;
};

unsigned account_standing_flags(const struct account_standing *s);

/** What is left now of @then_ms, if the server has run since it was heard; 1 at least. */
int64_t account_standing_left_ms(const struct account_standing *s, uint64_t then_ms);

#define STANDING_TEXT_BYTES 512

/** What @flag, one of STANDING_WAITS, means now, in a sentence that says how it is called off. */
void account_standing_say(char out[static STANDING_TEXT_BYTES], const struct account_standing *s,
			  unsigned flag);
/** That @flag, one of STANDING_WAITS, was called off; static storage. */
const char *account_standing_say_off(unsigned flag);

/** Ask, and keep the answer.  One request; logs in as the device where there is no token. */
int account_standing_ask(struct account_standing *out, struct box *box, struct remote *remote,
			 struct err *err);

/** What was told last.  0, BOX_ABSENT, or -1. */
int account_standing_kept(struct account_standing *out, struct box *box, struct err *err);

#define STANDING_NOT_DUE 1

/**
 * Ask where that is due: the account log has grown, something waits or is held and an hour has gone
 * by, or a day.
 * @begun  what was not so when it was told last
 * @over   what was, and is no more.
 * @return 0, STANDING_NOT_DUE, or -1.
 */
int account_standing_follow(struct account_standing *out, unsigned *begun, unsigned *over,
			    struct box *box, struct remote *remote, struct err *err);

/**
 * Where the server said no because it knows the account, or this device, no more: put that into @err,
 * with what is left and what to do.  Local commands go on working.
 * @return -1; @err is as it was where the server said anything else.
 */
int account_gone(struct box *box, struct remote *remote, struct err *err);

#endif
