/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gate: who may do something now.  Asked at every request, whatever its token says: a device that
 * was revoked a moment ago is refused the next time it asks.
 *
 * Rules return 0, REFUSED with the problem to answer, or -1 with *err.
 */
#ifndef ACCOUNTS_GATE_H
#define ACCOUNTS_GATE_H

#include "catalog/catalog.h"
#include "crypto/login.h"
#include "wire/problem.h"

#define REFUSED 1

/** Fill @p; always REFUSED. */
int refuse(struct problem *p, enum problem_word word);
/** The same with a sentence. */
int refuse_because(struct problem *p, enum problem_word word, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Whom a token lets in. */
struct session {
	struct id16 account;
	enum login_kind kind;
	enum login_scope scope;
	struct id16 device; /* LOGIN_DEVICE; else zero */
};

/** The account, if it may be used: `account`, `suspended`. */
int gate_account(struct catalog_tx *tx, const struct id16 *account, struct catalog_account *out,
		 struct problem *p, struct err *err);

/** The device of an account that gate_account() let through, if it may act: `device`, `revoked`,
 *  `suspended`. */
int gate_device(struct catalog_tx *tx, const struct id16 *account, const struct id16 *device,
		struct catalog_device *out, struct problem *p, struct err *err);

/** Both, for whom a token names.  @device is filled with LOGIN_DEVICE only. */
int gate_session(struct catalog_tx *tx, const struct session *s, struct catalog_account *account,
		 struct catalog_device *device, struct problem *p, struct err *err);

/** A device whose data is asked for: any of the account for `get`, itself for `put`.  Its state does
 *  not matter: what a revoked device saved can be restored.  `device`, `scope`. */
int gate_data_of(struct catalog_tx *tx, const struct session *s, const struct id16 *device,
		 struct catalog_device *out, struct problem *p, struct err *err);

#endif
