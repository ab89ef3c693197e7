/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pair: one device takes another terminal into the account.
 *
 * The host, unlocked, shows a code (an address with a one-time secret in it); the joiner reads it.
 * Both show six digits, and nothing is signed or handed over before the person at the host has said
 * that they are the same; nor does the joiner say who it is before the person there has.  The joiner
 * gets all keys of a device, never the account's root secret.
 *
 *     account_pair        on the host, with the account unlocked
 *     account_pair_join   on the joiner
 *
 * What goes between them: pairing.h.  A pairing that breaks off has used its code up.  Where the joiner
 * is lost after it has become a device in the log, the same terminal goes on as that device at its next
 * join, by pairing or by passphrase (box/joining.h).
 */
#ifndef ACCOUNT_PAIR_H
#define ACCOUNT_PAIR_H

#include "account/account.h"

struct remote_url; /* remote/remote_url.h */

/* The person at this terminal. */
struct account_pair_person {
	void *ctx;
	/* The host's: show the code, which the server keeps for @left_ms if nobody comes. */
	int (*show)(void *ctx, const struct remote_url *code, uint64_t left_ms, struct err *err);
	/* Whether the other terminal shows the same digits ("042917").  1 yes, 0 no, or -1. */
	int (*compare)(void *ctx, const char *digits, struct err *err);
};

/* Whom the host took in. */
struct account_paired {
	struct id16 device;
	char name[ACCOUNT_DEVICE_NAME_MAX + 1];
	bool finished; /* it said that it has its keys; else it may have been lost on the way */
};

/**
 * @u        its server carries the messages.
 * @address  of the server, as the joiner is to know it.
 * @return 0; or -1: ERR_CANCELLED (a person said no, on either side), ERR_REFUSED (nobody came in
 *         time, the other side ended it, or it can be that device no more), ERR_AUTH (a message was
 *         changed on its way), account_join()'s for the log, remote.h's.
 */
int account_pair(struct account_paired *out, struct unlocked *u, struct box *box,
		 const struct remote_url *address, const struct account_pair_person *person,
		 struct err *err);

/**
 * @box     of a terminal that is in no account yet: ERR_EXISTS else.
 * @remote  the server that @code names.
 * @name    as this terminal is to be called.
 * @return 0; or -1: as account_pair(); ERR_EXISTS too where the code was used before; ERR_ALARM: the
 *         server's account log is not the one that the host knows.  Nothing is in the Box then.
 */
int account_pair_join(struct box *box, struct remote *remote, const struct remote_url *code,
		      const char *name, const struct account_pair_person *person, struct err *err);

#endif
