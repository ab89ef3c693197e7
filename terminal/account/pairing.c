/* SPDX-License-Identifier: Apache-2.0 */
/* pairing: see pairing.h. */
#include "account/pairing.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/wrap.h"

enum state { START, COMMITTED, ANSWERED, COMPARING, AGREED, PLACED, SIGNED, GIVEN, OVER, BROKEN };

struct pairing {
	enum pair_role role;
	enum state state;
	uint8_t id[CRYPTO_ID_BYTES];
	struct secret *secret; /* NULL once the talk is over or broken */
	struct pair_transcript transcript;
	struct secret *share; /* private half of our r or s */
	uint8_t share_public[PAIR_PART_BYTES];
	uint8_t other_share[PAIR_PART_BYTES];
	uint8_t commit[PAIR_PART_BYTES];
	uint8_t dsk_public[CRYPTO_PUBLIC_BYTES];
	uint64_t n_said[PAIR_HOST + 1]; /* by role */
	char digits[PAIR_DIGITS_BYTES];
};

/* The arrows of the diagram in pairing.h, but for NO. */
static const struct {
	enum state from;
	enum pair_role who;
	enum pairing_kind says;
	enum state to;
} steps[] = {
	{ START, PAIR_JOINER, PAIRING_COMMIT, COMMITTED },
	{ COMMITTED, PAIR_HOST, PAIRING_ANSWER, ANSWERED },
	{ ANSWERED, PAIR_JOINER, PAIRING_OPEN, COMPARING },
	{ COMPARING, PAIR_JOINER, PAIRING_YES, AGREED },
	{ AGREED, PAIR_HOST, PAIRING_PLACE, PLACED },
	{ PLACED, PAIR_JOINER, PAIRING_SIGNED, SIGNED },
	{ SIGNED, PAIR_HOST, PAIRING_PLACE, PLACED },
	{ SIGNED, PAIR_HOST, PAIRING_KEYS, GIVEN },
	{ GIVEN, PAIR_JOINER, PAIRING_DONE, OVER },
};
#define N_STEPS (sizeof steps / sizeof *steps)

static void
forget(struct pairing *p)
{
	secret_free(TAKE(p->secret));
	secret_free(TAKE(p->share));
	pair_transcript_clear(&p->transcript);
}

static int
broken(struct pairing *p)
{
	p->state = BROKEN;
	p->digits[0] = '\0';
	forget(p);
	return -1;
}

int
pairing_new(struct pairing **out, enum pair_role role, const uint8_t id[static CRYPTO_ID_BYTES],
	    const struct secret *secret, const struct sign_key *dsk, struct err *err)
{
	AUTO(pairing_free) struct pairing *p = calloc(1, sizeof *p);

	if (!p)
		return err_nomem(err);
	p->role = role;
	memcpy(p->id, id, sizeof p->id);
	pair_transcript_init(&p->transcript, id);
	if (secret_from_bytes(&p->secret, secret_bytes(secret), err) < 0 ||
	    pair_share_new(&p->share, p->share_public, err) < 0)
		return -1;
	if (role == PAIR_JOINER) {
		memcpy(p->dsk_public, sign_key_public(dsk), sizeof p->dsk_public);
		pair_commit(p->commit, p->share_public, p->dsk_public);
	}
	*out = TAKE(p);
	return 0;
}

void
pairing_free(struct pairing *p)
{
	if (!p)
		return;
	forget(p);
	free(p);
}

/* Where it leads that @who says @kind now; BROKEN: nowhere. */
static enum state
step(const struct pairing *p, enum pair_role who, enum pairing_kind kind)
{
	if (kind == PAIRING_NO)
		return p->state >= COMPARING && p->state < OVER ? OVER : BROKEN;
	for (size_t i = 0; i < N_STEPS; i++)
		if (steps[i].from == p->state && steps[i].who == who && steps[i].says == kind)
			return steps[i].to;
	return BROKEN;
}

bool
pairing_is_our_turn(const struct pairing *p)
{
	for (size_t i = 0; i < N_STEPS; i++)
		if (steps[i].from == p->state)
			return steps[i].who == p->role;
	return false;
}

/* r and s are known: digits, and the keys of all that follows. */
static int
compare_from_here(struct pairing *p, const struct pairing_message *open, struct err *err)
{
	pair_transcript_add(&p->transcript, open->share);
	pair_transcript_add(&p->transcript, open->dsk_public);
	memcpy(p->dsk_public, open->dsk_public, sizeof p->dsk_public);
	pair_digits(p->digits, p->secret, &p->transcript);
	return pair_share_add(&p->transcript, p->share,
			      p->role == PAIR_HOST ? open->share : p->other_share, err);
}

/* @m was said or heard: what it adds to what both know, and the next state. */
static int
go_on(struct pairing *p, enum state next, const struct pairing_message *m, struct err *err)
{
	if (m->kind == PAIRING_COMMIT) {
		memcpy(p->commit, m->commit, sizeof p->commit);
		pair_transcript_add(&p->transcript, m->commit);
	} else if (m->kind == PAIRING_ANSWER) {
		memcpy(p->other_share, m->share, sizeof p->other_share); /* the joiner's other */
		pair_transcript_add(&p->transcript, m->share);
	} else if (m->kind == PAIRING_OPEN && compare_from_here(p, m, err) < 0) {
		return broken(p);
	}
	p->state = next;
	if (next == OVER)
		forget(p);
	return 0;
}

/* The box around the next message of @who: DS("pair-message", role, number) under its key. */
#define MESSAGE_OF(p, who) DS(DS_PAIR_MESSAGE, DS_NUM(who), DS_NUM((p)->n_said[who] + 1))

int
pairing_say(struct pairing *p, struct buf *sealed, const struct pairing_message *m, struct err *err)
{
	AUTO(secret_free) struct secret *key = NULL;
	uint8_t plain[PAIRING_PLAIN_BYTES_MAX];
	enum state next = step(p, p->role, m->kind);
	int rc;

	if (next == BROKEN || !p->secret)
		return err_set(err, ERR_INTERNAL, "a pairing says what is not its turn to say");
	if (pair_key(&key, p->secret, p->role, &p->transcript, err) < 0)
		return -1;
	rc = wrap_box_seal(sealed, key, p->id, MESSAGE_OF(p, p->role),
			   span_of(plain, pairing_message_encode(plain, m)), err);
	secret_wipe(plain, sizeof plain);
	if (rc < 0)
		return -1;
	p->n_said[p->role]++;
	return go_on(p, next, m, err);
}

int
pairing_greet(struct pairing *p, struct buf *sealed, struct err *err)
{
	struct pairing_message m = { 0 };

	m.kind = p->state == START       ? PAIRING_COMMIT
		 : p->state == COMMITTED ? PAIRING_ANSWER
					 : PAIRING_OPEN;
	memcpy(m.commit, p->commit, sizeof m.commit);
	memcpy(m.share, p->share_public, sizeof m.share);
	memcpy(m.dsk_public, p->dsk_public, sizeof m.dsk_public);
	return pairing_say(p, sealed, &m, err);
}

/* Open the other's next message. */
static int
open_next(struct pairing *p, struct span sealed, struct pairing_message *out, struct err *err)
{
	enum pair_role other = p->role == PAIR_HOST ? PAIR_JOINER : PAIR_HOST;
	AUTO(secret_free) struct secret *key = NULL;
	uint8_t plain[PAIRING_PLAIN_BYTES_MAX];
	size_t n = sealed.n - BOX_OVERHEAD_BYTES;
	int rc;

	if (sealed.n < BOX_OVERHEAD_BYTES || n > sizeof plain)
		return err_set(err, ERR_FORMAT, "a message of the pairing has no proper size");
	if (pair_key(&key, p->secret, other, &p->transcript, err) < 0)
		return -1;
	rc = wrap_box_open(plain, n, key, p->id, MESSAGE_OF(p, other), sealed, err);
	if (rc == 0)
		rc = pairing_message_decode(out, span_of(plain, n), err);
	secret_wipe(plain, sizeof plain);
	if (rc == 0)
		p->n_said[other]++;
	return rc;
}

/* Is what was opened what the commit promised? */
static bool
keeps_promise(const struct pairing *p, const struct pairing_message *open)
{
	uint8_t commit[PAIR_PART_BYTES];

	pair_commit(commit, open->share, open->dsk_public);
	return crypto_equal(commit, p->commit, sizeof commit);
}

int
pairing_hear(struct pairing *p, struct span sealed, struct pairing_message *out, struct err *err)
{
	enum pair_role other = p->role == PAIR_HOST ? PAIR_JOINER : PAIR_HOST;
	enum state next;

	if (!p->secret)
		return err_set(err, ERR_AUTH, "this pairing is over");
	if (open_next(p, sealed, out, err) < 0)
		return broken(p);
	next = step(p, other, out->kind);
	if (next == BROKEN || (out->kind == PAIRING_OPEN && !keeps_promise(p, out))) {
		err_set(err, ERR_AUTH, "the other terminal does not keep to the pairing");
		return broken(p);
	}
	return go_on(p, next, out, err);
}

const char *
pairing_digits(const struct pairing *p)
{
	return p->digits;
}

const uint8_t *
pairing_dsk_public(const struct pairing *p)
{
	return p->dsk_public;
}
