/* SPDX-License-Identifier: Apache-2.0 */
/*
 * device: whose backups a restore reads.
 *
 * The one that is named; else this device's own if it has any (its own, or those of the devices that
 * it replaced, nearest first), backups of the Box itself apart; else those of the account's only
 * other device; else the person must say.
 */
#ifndef RESTORE_DEVICE_H
#define RESTORE_DEVICE_H

#include "box/identity.h"
#include "restore/fetch.h"

#define DEVICE_CHAIN_MAX 9 /* a device, and those that it replaced, eight deep */

/** @id and the devices that it replaced, nearest first.  @return how many, at least 1. */
size_t device_chain(struct id16 out[static DEVICE_CHAIN_MAX], const struct log_state *log,
		    const struct id16 *id);

/** The account's only other device: none of @own_chain, and not one that yet another replaced.
 *  0, or -1: ERR_NOT_FOUND (there is none), ERR_AMBIGUOUS (the message lists them, the hint names
 *  the option to type). */
int device_only_other(struct id16 *out, const struct unlocked *u, const struct id16 *own_chain,
		      size_t n, struct err *err);

enum device_need { DEVICE_NEEDS_ITEMS, DEVICE_NEEDS_BOX };

/**
 * The device's cloud, its list fetched.
 * @need  what it is to be read for: the choice counts what there is of that.
 * @return 0, or -1: ERR_NOT_FOUND, ERR_AMBIGUOUS, remote.h's.  fetch_alarm() may say something.
 */
int device_open(struct fetch **out, struct box *box, struct unlocked *u, const char *from,
		enum device_need need, struct err *err);

/**
 * The first device that device_open() would look at, without asking the server.
 * 0, or BOX_ABSENT where only asking tells.
 */
int device_first(struct fetch **out, struct box *box, struct unlocked *u, const char *from,
		 struct err *err);

/** @known, what somebody knows of the device @d; of one that was shut out never what came after the
 *  cut, which is void, and nothing of one that was given up once its time is over: the server shows
 *  @shown_seq as its newest then, 0. */
void device_stand_at_cut(struct device_head *known, const struct log_device *d, uint64_t shown_seq);

/** What this terminal knows of the device that the server does not show: it showed an older state.
 *  0, or -1 with ERR_ALARM. */
int device_check_newest(const struct fetch *f, struct box *box, struct err *err);

#endif
