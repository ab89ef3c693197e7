/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ask: what only a person can say: yes or no, a line, a passphrase, a recovery code.
 *
 * A question needs a terminal on standard input; without one it is an error that names the option
 * which answers it.  Secrets are looked for in a file named by an option, a file named by the
 * environment, the environment, and only then asked for, without echo.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "base/buf.h"

struct box;
struct cli;
struct passphrase;
struct recovery_code;

/** @question: a whole sentence with a question mark.  @return 1 yes, 0 no; or -1: ERR_USAGE naming
 *  --yes and --no where nobody can be asked. */
int ask_yes_no(const struct cli *cli, const char *question, struct err *err);

/** Append one line to @out.  @prompt: "account id: "; @option: what gives it without a terminal. */
int ask_line(struct buf *out, const char *prompt, const char *option, struct err *err);

/** The account's passphrase.  ERR_LOCKED where nobody gives one, passphrase_new()'s. */
int ask_passphrase(struct passphrase **out, const struct cli *cli, struct err *err);

/** The passphrase that is to be: typed twice.  @or_present: the sources of ask_passphrase() serve
 *  too (a new account has no older one).  ERR_LOCKED, passphrase_check_new()'s. */
int ask_new_passphrase(struct passphrase **out, const struct cli *cli, bool or_present,
		       struct err *err);

/** The passphrase that was chosen before, by what gives a present one or a new one. */
int ask_chosen_passphrase(struct passphrase **out, const struct cli *cli, struct err *err);

/** The recovery code.  ERR_LOCKED where nobody gives one, or what is given is none. */
int ask_recovery_code(struct recovery_code **out, const struct cli *cli, struct err *err);

/* What unlocks the account: one of the two. */
struct ask_credential {
	struct passphrase *passphrase;
	struct recovery_code *recovery;
};

void ask_credential_clear(struct ask_credential *c);
AUTO_OBJ(ask_credential_clear, struct ask_credential);

/** Whether ask_credential() would find one without asking. */
bool ask_credential_is_given(const struct cli *cli);

/**
 * The passphrase or the recovery code: whichever is given.  Where both or neither are, the
 * passphrase, or on a terminal that joined by its recovery code (ASK_JOINED_BY) that.
 */
int
ask_credential(struct ask_credential *out, const struct cli *cli, struct box *box, struct err *err);

/* Setting of a terminal that joined by recovery code: "recovery", until it has a new passphrase. */
#define ASK_JOINED_BY "local-joined-by"

#endif
