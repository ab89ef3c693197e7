/* SPDX-License-Identifier: Apache-2.0 */
/* pairing_message: what the messages of a pairing say, as bytes; see pairing.h. */
#include <assert.h>
#include <string.h>

#include "account/pairing.h"
#include "base/bytes.h"

_Static_assert(1 + 8 + 8 + 6 * 32 + 2 + 56 * BATCH_HEADS_MAX <= PAIRING_PLAIN_BYTES_MAX,
	       "the keys fit");

void
pairing_message_clear(struct pairing_message *m)
{
	secret_free(m->keys.psk);
	secret_free(m->keys.dps);
	secret_free(m->keys.root);
	*m = (struct pairing_message){ 0 };
}

/* Where the next byte goes.  Not a buf: keys pass through here. */
struct writer {
	uint8_t *p;
	size_t n;
};

static void
write_bytes(struct writer *w, const void *p, size_t n)
{
	assert(w->n + n <= PAIRING_PLAIN_BYTES_MAX);
	memcpy(w->p + w->n, p, n);
	w->n += n;
}

static void
write_u64(struct writer *w, uint64_t v)
{
	uint8_t bytes[8];

	put_u64(bytes, v);
	write_bytes(w, bytes, sizeof bytes);
}

static void
write_keys(struct writer *w, const struct pairing_keys *k)
{
	uint8_t n[2];

	write_u64(w, k->epoch);
	write_u64(w, k->log_length);
	write_bytes(w, k->log_head.b, sizeof k->log_head.b);
	write_bytes(w, k->ask_public, sizeof k->ask_public);
	write_bytes(w, k->aek_public, sizeof k->aek_public);
	write_bytes(w, secret_bytes(k->psk), SECRET_BYTES);
	write_bytes(w, secret_bytes(k->dps), SECRET_BYTES);
	write_bytes(w, secret_bytes(k->root), SECRET_BYTES);
	put_u16(n, k->n_heads);
	write_bytes(w, n, sizeof n);
	for (size_t i = 0; i < k->n_heads; i++) {
		write_bytes(w, k->heads[i].device.b, sizeof k->heads[i].device.b);
		write_u64(w, k->heads[i].seq);
		write_bytes(w, k->heads[i].head.b, sizeof k->heads[i].head.b);
	}
}

size_t
pairing_message_encode(uint8_t *out, const struct pairing_message *m)
{
	struct writer w = { out, 0 };
	uint8_t byte = (uint8_t)m->kind;

	write_bytes(&w, &byte, 1);
	switch (m->kind) {
	case PAIRING_COMMIT:
		write_bytes(&w, m->commit, sizeof m->commit);
		break;
	case PAIRING_ANSWER:
		write_bytes(&w, m->share, sizeof m->share);
		break;
	case PAIRING_OPEN:
		write_bytes(&w, m->share, sizeof m->share);
		write_bytes(&w, m->dsk_public, sizeof m->dsk_public);
		break;
	case PAIRING_YES:
		write_bytes(&w, m->device.b, sizeof m->device.b);
		write_bytes(&w, m->name, strlen(m->name));
		break;
	case PAIRING_NO:
		byte = (uint8_t)m->why;
		write_bytes(&w, &byte, 1);
		break;
	case PAIRING_PLACE:
		write_bytes(&w, m->account.b, sizeof m->account.b);
		write_u64(&w, m->index);
		write_bytes(&w, m->before.b, sizeof m->before.b);
		break;
	case PAIRING_SIGNED:
		write_bytes(&w, m->signature, sizeof m->signature);
		break;
	case PAIRING_KEYS:
		write_keys(&w, &m->keys);
		break;
	case PAIRING_DONE:
		break;
	}
	return w.n;
}

static int
bad(struct err *err)
{
	return err_set(err, ERR_FORMAT, "a message of the pairing is not well formed");
}

static int
read_secret(struct secret **out, struct reader *r, struct err *err)
{
	struct span s = read_span(r, SECRET_BYTES);

	return r->failed ? bad(err) : secret_from_bytes(out, s.p, err);
}

static int
read_keys(struct pairing_keys *k, struct reader *r, struct err *err)
{
	k->epoch = read_u64(r);
	k->log_length = read_u64(r);
	read_bytes(r, k->log_head.b, sizeof k->log_head.b);
	read_bytes(r, k->ask_public, sizeof k->ask_public);
	read_bytes(r, k->aek_public, sizeof k->aek_public);
	if (read_secret(&k->psk, r, err) < 0 || read_secret(&k->dps, r, err) < 0 ||
	    read_secret(&k->root, r, err) < 0)
		return -1;
	k->n_heads = read_u16(r);
	if (k->n_heads > BATCH_HEADS_MAX)
		return bad(err);
	for (size_t i = 0; i < k->n_heads; i++) {
		k->heads[i].device = read_id16(r);
		k->heads[i].seq = read_u64(r);
		read_bytes(r, k->heads[i].head.b, sizeof k->heads[i].head.b);
	}
	return 0;
}

/* All that is left. */
static int
read_name(char out[static ACCOUNT_DEVICE_NAME_MAX + 1], struct reader *r, struct err *err)
{
	size_t n = r->left.n;

	if (n > ACCOUNT_DEVICE_NAME_MAX || (n && memchr(r->left.p, 0, n)))
		return bad(err);
	read_bytes(r, out, n);
	out[n] = '\0';
	return 0;
}

static int
read_why(enum pairing_why *out, struct reader *r, struct err *err)
{
	uint8_t why = read_u8(r);

	if (why < PAIRING_WHY_PERSON || why > PAIRING_WHY_FAILED)
		return bad(err);
	*out = why;
	return 0;
}

static int
read_body(struct pairing_message *m, struct reader *r, struct err *err)
{
	switch (m->kind) {
	case PAIRING_COMMIT:
		read_bytes(r, m->commit, sizeof m->commit);
		return 0;
	case PAIRING_ANSWER:
		read_bytes(r, m->share, sizeof m->share);
		return 0;
	case PAIRING_OPEN:
		read_bytes(r, m->share, sizeof m->share);
		read_bytes(r, m->dsk_public, sizeof m->dsk_public);
		return 0;
	case PAIRING_YES:
		m->device = read_id16(r);
		return read_name(m->name, r, err);
	case PAIRING_NO:
		return read_why(&m->why, r, err);
	case PAIRING_PLACE:
		m->account = read_id16(r);
		m->index = read_u64(r);
		read_bytes(r, m->before.b, sizeof m->before.b);
		return 0;
	case PAIRING_SIGNED:
		read_bytes(r, m->signature, sizeof m->signature);
		return 0;
	case PAIRING_KEYS:
		return read_keys(&m->keys, r, err);
	case PAIRING_DONE:
		return 0;
	}
	return bad(err);
}

int
pairing_message_decode(struct pairing_message *out, struct span plain, struct err *err)
{
	struct reader r = reader_of(plain);

	out->kind = read_u8(&r);
	if (read_body(out, &r, err) < 0)
		return -1;
	return reader_done(&r, "a message of the pairing", err);
}
