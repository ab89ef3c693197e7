/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pairing: the talk by which a terminal that is unlocked takes another one into the account.
 *
 * Pure: bytes in, bytes out, no clock, no socket; what carries the messages (account_pair.c,
 * account_pair_join.c by way of the server) can neither read nor change one unnoticed.
 *
 *            joiner says                   host says
 *     START --COMMIT--> COMMITTED --ANSWER--> ANSWERED --OPEN--> COMPARING     six digits on both
 *     COMPARING --YES--> AGREED --PLACE--> PLACED --SIGNED--> SIGNED --KEYS--> GIVEN --DONE--> OVER
 *                                    ^                           |
 *                                    +-----------PLACE-----------+      the log has grown meanwhile
 *     from COMPARING on either says NO --> OVER.  Anything else that is heard --> BROKEN.
 *
 * The host's yes is its PLACE: it says nothing before its person has compared the digits.  Each side
 * has its own struct pairing in the same state, but while a message is under way.
 * Keys, transcript and digits: crypto/pair.h.  Byte tables: docs/protocol/pairing.md.
 *
 * Invariants: a message is heard once, in order, from the other role; a broken talk has forgotten its
 * secret and says nothing more.
 */
#ifndef ACCOUNT_PAIRING_H
#define ACCOUNT_PAIRING_H

#include "account/account.h"
#include "crypto/pair.h"
#include "format/batch.h"

#define PAIRING_PLAIN_BYTES_MAX  4096
#define PAIRING_SEALED_BYTES_MAX (PAIRING_PLAIN_BYTES_MAX + 48)

enum pairing_kind {
	PAIRING_COMMIT = 1,
	PAIRING_ANSWER = 2,
	PAIRING_OPEN = 3,
	PAIRING_YES = 4,
	PAIRING_NO = 5,
	PAIRING_PLACE = 6,
	PAIRING_SIGNED = 7,
	PAIRING_KEYS = 8,
	PAIRING_DONE = 9,
};

/* Why it comes to nothing. */
enum pairing_why {
	PAIRING_WHY_PERSON = 1, /* said that the digits differ, or ended it */
	PAIRING_WHY_DEVICE =
		2, /* the device that the joiner was about to become can be one no more */
	PAIRING_WHY_FAILED =
		3, /* something else went wrong on that side, which its person was told */
};

/* What the host hands over: everything but the account's root secret. */
struct pairing_keys {
	uint64_t epoch;
	uint64_t log_length; /* of the account log, with the joiner's entry in it */
	struct hash32 log_head;
	uint8_t ask_public[CRYPTO_PUBLIC_BYTES];
	uint8_t aek_public[CRYPTO_PUBLIC_BYTES];
	struct secret *psk, *dps, *root; /* owned */
	uint16_t n_heads;
	struct device_head
		heads[BATCH_HEADS_MAX]; /* of the other devices, as the host verified them */
};

/* A message; only the members of its kind count. */
struct pairing_message {
	enum pairing_kind kind;
	uint8_t commit[PAIR_PART_BYTES];         /* COMMIT */
	uint8_t share[PAIR_PART_BYTES];          /* ANSWER: s; OPEN: r */
	uint8_t dsk_public[CRYPTO_PUBLIC_BYTES]; /* OPEN */
	struct id16 device;                      /* YES: what the joiner is to be */
	char name[ACCOUNT_DEVICE_NAME_MAX + 1];  /* YES: as it calls itself; no NUL within */
	enum pairing_why why;                    /* NO */
	struct id16 account;                     /* PLACE: where in the log its entry is to stand */
	uint64_t index;                          /* PLACE */
	struct hash32 before;                    /* PLACE: hash of the entry before */
	uint8_t signature[CRYPTO_SIGNATURE_BYTES]; /* SIGNED: DS("device", …) by DSK */
	struct pairing_keys keys;                  /* KEYS */
};

/** Wipe; empty afterwards. */
void pairing_message_clear(struct pairing_message *m);
AUTO_OBJ(pairing_message_clear, struct pairing_message);

/** Into @out, PAIRING_PLAIN_BYTES_MAX at least, which the caller wipes.  @return the bytes. */
size_t pairing_message_encode(uint8_t *out, const struct pairing_message *m);

/** @out zeroed or cleared; the caller clears it, after a failure too.  ERR_FORMAT, ERR_NOMEM. */
int pairing_message_decode(struct pairing_message *out, struct span plain, struct err *err);

struct pairing; /* one side; opaque */

/**
 * @id      CRYPTO_ID_BYTES, from the code.
 * @secret  the one-time secret from the code; copied.
 * @dsk     the joiner's, borrowed until pairing_free(); NULL with PAIR_HOST.
 */
int pairing_new(struct pairing **out, enum pair_role role, const uint8_t id[static CRYPTO_ID_BYTES],
		const struct secret *secret, const struct sign_key *dsk, struct err *err);
void pairing_free(struct pairing *p);
AUTO_PTR(pairing_free, struct pairing);

/** Whether it is our turn: something is to be said before anything can be heard. */
bool pairing_is_our_turn(const struct pairing *p);

/** Append COMMIT, ANSWER or OPEN, whichever is ours to say.  ERR_INTERNAL: none is. */
int pairing_greet(struct pairing *p, struct buf *sealed, struct err *err);

/** Append @m, of another kind.  ERR_INTERNAL: it is not its turn. */
int pairing_say(struct pairing *p, struct buf *sealed, const struct pairing_message *m,
		struct err *err);

/**
 * The other side's next message.
 * @out  zeroed or cleared; the caller clears it, after a failure too.
 * @return 0, or -1 and the talk is BROKEN: ERR_AUTH (changed, or not what comes next; an opened
 *         commit that does not fit), ERR_FORMAT, ERR_NOMEM.
 */
int
pairing_hear(struct pairing *p, struct span sealed, struct pairing_message *out, struct err *err);

/** The six digits; "" before COMPARING and after the talk broke. */
const char *pairing_digits(const struct pairing *p);

/** DSK.pub of the joiner, once it was opened: CRYPTO_PUBLIC_BYTES. */
const uint8_t *pairing_dsk_public(const struct pairing *p);

#endif
