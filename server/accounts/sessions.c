/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sessions: see sessions.h.
 *
 * Hashes here never leave the process: they are BLAKE2b under a key that is made at start, over
 * fields of fixed length.
 *
 *     challenge = random (8) ‖ expiry (8) ‖ MAC (16) of both and of whom it is for
 *     token     = bucket (4) ‖ random (28); all tokens of one owner lie in one bucket
 */
#include "accounts/sessions.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "os/os.h"

#define BUCKETS   1024
#define TRY_SLOTS 4096

#define USED_BY_BYTES 16

struct token {
	struct token *next;
	struct hash32 hash;
	struct session who;
	int64_t until_ms; /* uptime */
};

struct used {
	uint8_t challenge[WIRE_CHALLENGE_BYTES];
	uint8_t by[USED_BY_BYTES]; /* hash of the signature */
	int64_t until_ms;          /* uptime; 0: free */
};

/* Counts of a window; two that share a slot share a count, which only ever refuses wrong ones. */
struct tries {
	int64_t since_ms;
	unsigned n;
};

struct sessions {
	uint8_t key[crypto_generichash_KEYBYTES];
	pthread_mutex_t lock;
	struct token *buckets[BUCKETS];
	size_t n_tokens;
	struct used *used; /* USED_MAX, open addressing */
	struct tries tries[TRY_SLOTS];
	uint64_t moments[TRY_SLOTS]; /* how often credentials changed; accounts share slots */
};

int
sessions_new(struct sessions **out, struct err *err)
{
	struct sessions *s = calloc(1, sizeof *s);

	if (!s)
		return err_nomem(err);
	s->used = calloc(USED_MAX, sizeof *s->used);
	if (!s->used) {
		free(s);
		return err_nomem(err);
	}
	os_random(s->key, sizeof s->key);
	pthread_mutex_init(&s->lock, NULL);
	*out = s;
	return 0;
}

void
sessions_free(struct sessions *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct token *t = s->buckets[i], *next; t; t = next) {
			next = t->next;
			free(t);
		}
	pthread_mutex_destroy(&s->lock);
	sodium_memzero(s->key, sizeof s->key);
	free(s->used);
	free(s);
}

/* The first @n bytes of a keyed hash over @parts. */
static void
keyed_hash(const struct sessions *s, uint8_t *out, size_t n, const struct span *parts,
	   size_t n_parts)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, s->key, sizeof s->key, n);
	for (size_t i = 0; i < n_parts; i++)
		crypto_generichash_update(&state, parts[i].p, parts[i].n);
	crypto_generichash_final(&state, out, n);
}

/* --- challenges --- */

#define CHALLENGE_OPEN_BYTES 16 /* random and expiry */
#define CHALLENGE_MAC_BYTES  16

static void
challenge_mac(const struct sessions *s, const struct session *who, const uint8_t *challenge,
	      uint8_t mac[static CHALLENGE_MAC_BYTES])
{
	uint8_t kind = (uint8_t)who->kind;
	const struct span parts[] = {
		span_str("challenge"),      span_of(challenge, CHALLENGE_OPEN_BYTES),
		SPAN_ARRAY(who->account.b), span_of(&kind, 1),
		SPAN_ARRAY(who->device.b),
	};

	keyed_hash(s, mac, CHALLENGE_MAC_BYTES, parts, sizeof parts / sizeof parts[0]);
}

void
sessions_challenge(struct sessions *s, const struct session *who,
		   uint8_t challenge[static WIRE_CHALLENGE_BYTES])
{
	os_random(challenge, 8);
	put_u64(challenge + 8, (uint64_t)(os->uptime_ms() + LOGIN_VALID_S * 1000));
	challenge_mac(s, who, challenge, challenge + CHALLENGE_OPEN_BYTES);
}

/* Where @challenge is noted, or the slot for it; NULL: all near ones are taken. */
static struct used *
used_slot(struct sessions *s, const uint8_t *challenge, int64_t now_ms)
{
	struct used *free_slot = NULL;
	size_t at = (size_t)(get_u64(challenge) % USED_MAX);

	for (size_t i = 0; i < 64; i++) {
		struct used *u = &s->used[(at + i) % USED_MAX];
		if (u->until_ms > now_ms && !memcmp(u->challenge, challenge, sizeof u->challenge))
			return u;
		if (u->until_ms <= now_ms && !free_slot)
			free_slot = u;
	}
	return free_slot;
}

bool
sessions_challenge_fits(struct sessions *s, const struct session *who,
			const uint8_t challenge[static WIRE_CHALLENGE_BYTES])
{
	uint8_t mac[CHALLENGE_MAC_BYTES];
	int64_t now_ms = os->uptime_ms();

	challenge_mac(s, who, challenge, mac);
	return crypto_equal(mac, challenge + CHALLENGE_OPEN_BYTES, sizeof mac) &&
	       (int64_t)get_u64(challenge + 8) >= now_ms;
}

bool
sessions_challenge_use(struct sessions *s, const uint8_t challenge[static WIRE_CHALLENGE_BYTES],
		       const uint8_t signature[static CRYPTO_SIGNATURE_BYTES])
{
	const struct span parts[] = { span_str("used"),
				      span_of(signature, CRYPTO_SIGNATURE_BYTES) };
	int64_t now_ms = os->uptime_ms();
	uint8_t by[USED_BY_BYTES];
	bool good = false;

	keyed_hash(s, by, sizeof by, parts, 2);
	pthread_mutex_lock(&s->lock);
	struct used *u = used_slot(s, challenge, now_ms);
	if (u && u->until_ms > now_ms) {
		good = crypto_equal(u->by, by, sizeof by);
	} else if (u) {
		memcpy(u->challenge, challenge, sizeof u->challenge);
		memcpy(u->by, by, sizeof u->by);
		u->until_ms = (int64_t)get_u64(challenge + 8) + 1;
		good = true;
	}
	pthread_mutex_unlock(&s->lock);
	return good;
}

/* --- tokens --- */

static void
token_hash(const struct sessions *s, const uint8_t *token, struct hash32 *out)
{
	const struct span parts[] = { span_str("token"), span_of(token, WIRE_TOKEN_BYTES) };

	keyed_hash(s, out->b, sizeof out->b, parts, 2);
}

static uint32_t
bucket_of(const struct sessions *s, const struct session *who)
{
	uint8_t h[16], kind = (uint8_t)who->kind;
	const struct span parts[] = { span_str("owner"), SPAN_ARRAY(who->account.b),
				      span_of(&kind, 1), SPAN_ARRAY(who->device.b) };

	keyed_hash(s, h, sizeof h, parts, sizeof parts / sizeof parts[0]);
	return get_u32(h);
}

static bool
same_owner(const struct session *a, const struct session *b)
{
	return a->kind == b->kind && id16_equal(&a->account, &b->account) &&
	       id16_equal(&a->device, &b->device);
}

/* Take out what has expired, and the owner's oldest (new ones stand in front) beyond its number. */
static void
thin_bucket(struct sessions *s, struct token **at, const struct session *owner, int64_t now_ms)
{
	unsigned n = 0;

	while (*at) {
		struct token *t = *at;
		bool owned = owner && same_owner(&t->who, owner);
		if (t->until_ms > now_ms && (!owned || ++n < TOKENS_PER_OWNER)) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		free(t);
		s->n_tokens--;
	}
}

static uint64_t *
moment_of(struct sessions *s, const struct id16 *account)
{
	const struct span parts[] = { span_str("moment"), SPAN_ARRAY(account->b) };
	uint8_t h[16];

	keyed_hash(s, h, sizeof h, parts, 2);
	return &s->moments[get_u32(h) % TRY_SLOTS];
}

uint64_t
sessions_moment(struct sessions *s, const struct id16 *account)
{
	uint64_t *at = moment_of(s, account);

	pthread_mutex_lock(&s->lock);
	uint64_t moment = *at;
	pthread_mutex_unlock(&s->lock);
	return moment;
}

int
sessions_grant(struct sessions *s, const struct session *who, uint64_t moment,
	       struct wire_token *out, struct err *err)
{
	const uint64_t *changed = moment_of(s, &who->account);
	struct token *t = calloc(1, sizeof *t);
	int64_t now_ms = os->uptime_ms();
	uint32_t bucket = bucket_of(s, who);

	if (!t)
		return err_nomem(err);
	put_u32(out->token, bucket);
	os_random(out->token + 4, sizeof out->token - 4);
	out->valid_until_unix_ms = (uint64_t)(os->now_unix_ms() + TOKEN_VALID_MS);
	token_hash(s, out->token, &t->hash);
	t->who = *who;
	t->until_ms = now_ms + TOKEN_VALID_MS;

	pthread_mutex_lock(&s->lock);
	thin_bucket(s, &s->buckets[bucket % BUCKETS], who, now_ms);
	if (s->n_tokens == TOKENS_MAX)
		for (size_t i = 0; i < BUCKETS; i++)
			thin_bucket(s, &s->buckets[i], NULL, now_ms);
	bool moved = who->scope == LOGIN_GET && *changed != moment;
	bool room = s->n_tokens < TOKENS_MAX;
	if (room && !moved) {
		t->next = s->buckets[bucket % BUCKETS];
		s->buckets[bucket % BUCKETS] = t;
		s->n_tokens++;
	}
	pthread_mutex_unlock(&s->lock);
	if (room && !moved)
		return 0;
	free(t);
	if (moved)
		return SESSIONS_MOVED;
	return err_set(err, ERR_BUSY, "too many logins at once");
}

bool
sessions_find(struct sessions *s, const uint8_t token[static WIRE_TOKEN_BYTES], struct session *out)
{
	int64_t now_ms = os->uptime_ms();
	struct hash32 hash;
	bool found = false;

	token_hash(s, token, &hash);
	pthread_mutex_lock(&s->lock);
	for (struct token *t = s->buckets[get_u32(token) % BUCKETS]; t && !found; t = t->next) {
		found = t->until_ms > now_ms && crypto_equal(t->hash.b, hash.b, sizeof hash.b);
		if (found)
			*out = t->who;
	}
	pthread_mutex_unlock(&s->lock);
	return found;
}

void
sessions_end_reading(struct sessions *s, const struct id16 *account,
		     const uint8_t keep[static WIRE_TOKEN_BYTES])
{
	struct hash32 kept;

	token_hash(s, keep, &kept);
	pthread_mutex_lock(&s->lock);
	(*moment_of(s, account))++;
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct token **at = &s->buckets[i]; *at;) {
			struct token *t = *at;
			if (t->who.scope != LOGIN_GET || !id16_equal(&t->who.account, account) ||
			    crypto_equal(t->hash.b, kept.b, sizeof kept.b)) {
				at = &t->next;
				continue;
			}
			*at = t->next;
			free(t);
			s->n_tokens--;
		}
	pthread_mutex_unlock(&s->lock);
}

/* --- wrong tries --- */

static bool
count_try(struct sessions *s, const char *what, struct span key, unsigned max, int64_t now_ms)
{
	uint8_t h[16];
	const struct span parts[] = { span_str(what), key };

	keyed_hash(s, h, sizeof h, parts, 2);
	struct tries *t = &s->tries[get_u32(h) % TRY_SLOTS];
	if (!t->n || now_ms - t->since_ms > TRIES_WINDOW_MS)
		*t = (struct tries){ .since_ms = now_ms };
	return ++t->n > max;
}

bool
sessions_wrong_try(struct sessions *s, const struct id16 *account, const struct hash32 *peer)
{
	int64_t now_ms = os->uptime_ms();

	pthread_mutex_lock(&s->lock);
	bool of_account =
		count_try(s, "account", SPAN_ARRAY(account->b), TRIES_PER_ACCOUNT_MAX, now_ms);
	bool of_peer = count_try(s, "peer", SPAN_ARRAY(peer->b), TRIES_PER_PEER_MAX, now_ms);
	pthread_mutex_unlock(&s->lock);
	return of_account || of_peer;
}
