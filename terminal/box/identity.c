/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: see identity.h.
 *
 * HOME/keys, KEYS_BYTES: docs/formats/box-db.md, The key file.  Its bytes pass through one array on
 * the stack, which is wiped.
 */
#include "box/identity.h"

#include <errno.h>
#include <string.h>

#include "base/bytes.h"
#include "box/box_internal.h"
#include "os/os.h"

#define KEYS_MAGIC "CBK1"
#define KEYS_BYTES 304

/* Offsets in the file. */
enum {
	KEYS_SUITE = 4,
	KEYS_ZERO = 5, /* 3 bytes */
	KEYS_ACCOUNT = 8,
	KEYS_DEVICE = 24,
	KEYS_EPOCH = 40,
	KEYS_ASK = 48,
	KEYS_AEK = 80,
	KEYS_DSK = 112,
	KEYS_PSK = 144,
	KEYS_DPS = 176,
	KEYS_D = 208,
	KEYS_PSK_CHECK = 240,
	KEYS_D_CHECK = 272,
};

static void
keys_clear(struct identity_keys *k)
{
	secret_free(k->dsk_seed);
	secret_free(k->psk);
	secret_free(k->dps);
	secret_free(k->root);
	*k = (struct identity_keys){ 0 };
}
AUTO_OBJ(keys_clear, struct identity_keys);

void
identity_clear(struct identity *id)
{
	sign_key_free(id->dsk);
	device_keys_free(id->ids);
	keys_clear(&id->keys);
	*id = (struct identity){ 0 };
}
AUTO_OBJ(identity_clear, struct identity);

/* Both fill @out, which is empty before; the caller clears it, after a failure too. */
static int
keys_copy(struct identity_keys *out, const struct identity_keys *in, struct err *err)
{
	out->epoch = in->epoch;
	memcpy(out->ask_public, in->ask_public, sizeof out->ask_public);
	memcpy(out->aek_public, in->aek_public, sizeof out->aek_public);
	if (secret_from_bytes(&out->dsk_seed, secret_bytes(in->dsk_seed), err) < 0 ||
	    secret_from_bytes(&out->psk, secret_bytes(in->psk), err) < 0 ||
	    secret_from_bytes(&out->dps, secret_bytes(in->dps), err) < 0)
		return -1;
	return secret_from_bytes(&out->root, secret_bytes(in->root), err);
}

static int
key_file_write(struct box *b, const uint8_t account[static BOX_ID_BYTES],
	       const uint8_t device[static BOX_ID_BYTES], const struct identity_keys *k,
	       struct err *err)
{
	uint8_t raw[KEYS_BYTES] = KEYS_MAGIC;
	int rc;

	raw[KEYS_SUITE] = CRYPTO_SUITE;
	memcpy(raw + KEYS_ACCOUNT, account, BOX_ID_BYTES);
	memcpy(raw + KEYS_DEVICE, device, BOX_ID_BYTES);
	put_u64(raw + KEYS_EPOCH, k->epoch);
	memcpy(raw + KEYS_ASK, k->ask_public, CRYPTO_PUBLIC_BYTES);
	memcpy(raw + KEYS_AEK, k->aek_public, CRYPTO_PUBLIC_BYTES);
	memcpy(raw + KEYS_DSK, secret_bytes(k->dsk_seed), SECRET_BYTES);
	memcpy(raw + KEYS_PSK, secret_bytes(k->psk), SECRET_BYTES);
	memcpy(raw + KEYS_DPS, secret_bytes(k->dps), SECRET_BYTES);
	memcpy(raw + KEYS_D, secret_bytes(k->root), SECRET_BYTES);
	keys_check(raw + KEYS_PSK_CHECK, k->psk);
	keys_check(raw + KEYS_D_CHECK, k->root);
	rc = os_replace_file(b->home_fd, "keys", SPAN_ARRAY(raw), 0600, err);
	secret_wipe(raw, sizeof raw);
	return rc < 0 ? err_wrap(err, "%s", b->home) : 0;
}

static int
key_file_damaged(struct box *b, struct err *err)
{
	err_set(err, ERR_AUTH, "the keys in %s/keys are damaged", b->home);
	return err_hint(err, "move the Box's folder away, then `cloudbox join`: "
			     "everything saved comes back");
}

static int
key_file_read(uint8_t raw[static KEYS_BYTES], struct box *b, struct err *err)
{
	uint8_t more;
	size_t got = 0, beyond = 0;
	int fd = os->openat(b->home_fd, "keys", O_RDONLY | O_NOFOLLOW, 0);

	if (fd < 0 && errno == ENOENT)
		return key_file_damaged(b, err);
	if (fd < 0)
		return err_sys(err, errno, "cannot open %s/keys", b->home);
	int rc = os_read_full(fd, raw, KEYS_BYTES, &got, "the key file", err);
	if (rc == 0)
		rc = os_read_full(fd, &more, 1, &beyond, "the key file", err);
	os->close(fd);
	if (rc < 0)
		return -1;
	if (got != KEYS_BYTES || beyond || memcmp(raw, KEYS_MAGIC, 4) != 0 ||
	    memcmp(raw + KEYS_ZERO, "\0\0", 3) != 0)
		return key_file_damaged(b, err);
	return crypto_suite_check(raw[KEYS_SUITE], "key file", err);
}

static int
key_file_decode(struct identity_keys *out, const uint8_t raw[static KEYS_BYTES], struct box *b,
		struct err *err)
{
	uint8_t psk_check[BOX_HASH_BYTES], d_check[BOX_HASH_BYTES];

	out->epoch = get_u64(raw + KEYS_EPOCH);
	memcpy(out->ask_public, raw + KEYS_ASK, CRYPTO_PUBLIC_BYTES);
	memcpy(out->aek_public, raw + KEYS_AEK, CRYPTO_PUBLIC_BYTES);
	if (secret_from_bytes(&out->dsk_seed, raw + KEYS_DSK, err) < 0 ||
	    secret_from_bytes(&out->psk, raw + KEYS_PSK, err) < 0 ||
	    secret_from_bytes(&out->dps, raw + KEYS_DPS, err) < 0 ||
	    secret_from_bytes(&out->root, raw + KEYS_D, err) < 0)
		return -1;
	keys_check(psk_check, out->psk);
	keys_check(d_check, out->root);
	if (!crypto_equal(psk_check, raw + KEYS_PSK_CHECK, BOX_HASH_BYTES) ||
	    !crypto_equal(d_check, raw + KEYS_D_CHECK, BOX_HASH_BYTES))
		return key_file_damaged(b, err);
	return 0;
}

/* The key file against the row: written together, so in the same epoch they must agree; after a
 * crash within a rotation the file may be one step ahead. */
static int
key_file_matches(struct box *b, const uint8_t raw[static KEYS_BYTES], const struct query *row,
		 const struct identity *id, struct err *err)
{
	uint8_t aek[CRYPTO_PUBLIC_BYTES], psk_check[BOX_HASH_BYTES], d_check[BOX_HASH_BYTES];
	uint64_t row_epoch = (uint64_t)query_column_int(row, 6);

	query_column_bytes(row, 7, aek, sizeof aek);
	query_column_bytes(row, 8, psk_check, sizeof psk_check);
	query_column_bytes(row, 9, d_check, sizeof d_check);
	if (!crypto_equal(raw + KEYS_ACCOUNT, id->account, BOX_ID_BYTES) ||
	    !crypto_equal(raw + KEYS_DEVICE, id->device, BOX_ID_BYTES) ||
	    !crypto_equal(raw + KEYS_D_CHECK, d_check, BOX_HASH_BYTES) ||
	    id->keys.epoch < row_epoch)
		return key_file_damaged(b, err);
	if (id->keys.epoch == row_epoch &&
	    (!crypto_equal(raw + KEYS_AEK, aek, CRYPTO_PUBLIC_BYTES) ||
	     !crypto_equal(raw + KEYS_PSK_CHECK, psk_check, BOX_HASH_BYTES)))
		return key_file_damaged(b, err);
	return 0;
}

static void
identity_of_row(struct identity *id, const struct query *q)
{
	struct span name = query_column_text_span(q, 2), url = query_column_text_span(q, 3);

	memset(id->name, 0, sizeof id->name);
	memset(&id->server, 0, sizeof id->server);
	query_column_bytes(q, 0, id->account, BOX_ID_BYTES);
	query_column_bytes(q, 1, id->device, BOX_ID_BYTES);
	memcpy(id->name, name.p, name.n < IDENTITY_NAME_MAX ? name.n : IDENTITY_NAME_MAX);
	memcpy(id->server.url, url.p, url.n < IDENTITY_URL_MAX ? url.n : IDENTITY_URL_MAX);
	id->server.tls = (enum identity_tls)query_column_int(q, 4);
	query_column_bytes(q, 5, id->server.pin, BOX_HASH_BYTES);
	id->log_length = (uint64_t)query_column_int(q, 10);
	query_column_bytes(q, 11, id->log_head, BOX_HASH_BYTES);
	id->recovery_confirmed = query_column_int(q, 12);
	id->acked_seq = (uint64_t)query_column_int(q, 13);
	query_column_bytes(q, 14, id->acked_head, BOX_HASH_BYTES);
	id->acked_unix_ms = query_column_int(q, 15);
}

static int
identity_finish(struct identity *id, struct err *err)
{
	if (sign_key_new(&id->dsk, id->keys.dsk_seed, err) < 0)
		return -1;
	return device_keys_new(&id->ids, id->keys.root, err);
}

static int
identity_read(struct box *b, const struct query *row, struct err *err)
{
	AUTO(identity_clear) struct identity id = { 0 };
	uint8_t raw[KEYS_BYTES];
	int rc;

	identity_of_row(&id, row);
	rc = key_file_read(raw, b, err);
	if (rc == 0)
		rc = key_file_decode(&id.keys, raw, b, err);
	if (rc == 0)
		rc = key_file_matches(b, raw, row, &id, err);
	secret_wipe(raw, sizeof raw);
	if (rc < 0 || identity_finish(&id, err) < 0)
		return -1;
	b->identity = id;
	b->has_identity = true;
	id = (struct identity){ 0 };
	return 0;
}

#define IDENTITY_SELECT                                                                            \
	"SELECT account, device, name, url, tls, pin, epoch, aek, psk_check, d_check, log_length," \
	" log_head, recovery_confirmed, acked_seq, acked_head, acked_ms FROM identity"

int
identity_reload(struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (!b->has_identity)
		return 0;
	if (query_init(&q, b, IDENTITY_SELECT, err) < 0)
		return -1;
	int rc = query_step(&q, err);
	if (rc < 0)
		return -1;
	if (rc == QUERY_ROW) {
		identity_of_row(&b->identity, &q);
	} else {
		identity_clear(&b->identity);
		b->has_identity = false;
	}
	return 0;
}

int
identity_load(struct box *b, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b, IDENTITY_SELECT, err) < 0)
		return -1;
	rc = query_step(&q, err);
	return rc == QUERY_ROW ? identity_read(b, &q, err) : rc;
}

static void
bind_server(struct query *q, int at, const struct identity_server *s)
{
	query_text(q, at, s->url);
	query_int(q, at + 1, s->tls);
	query_blob(q, at + 2, SPAN_ARRAY(s->pin));
}

static int
identity_insert(struct box *b, const struct identity_new *in, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t psk_check[BOX_HASH_BYTES], d_check[BOX_HASH_BYTES];

	keys_check(psk_check, in->keys->psk);
	keys_check(d_check, in->keys->root);
	if (query_init(
		    &q, b,
		    "INSERT INTO identity (one, account, device, name, url, tls, pin, epoch, aek,"
		    " psk_check, d_check, log_length, log_head, recovery_confirmed, acked_seq,"
		    " acked_head, acked_ms) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
		    " ?11, ?12, ?13, 0, ?14, 0)",
		    err) < 0)
		return -1;
	query_blob(&q, 1, span_of(in->account, BOX_ID_BYTES));
	query_blob(&q, 2, span_of(in->device, BOX_ID_BYTES));
	query_text(&q, 3, in->name);
	bind_server(&q, 4, in->server);
	query_int(&q, 7, (int64_t)in->keys->epoch);
	query_blob(&q, 8, SPAN_ARRAY(in->keys->aek_public));
	query_blob(&q, 9, SPAN_ARRAY(psk_check));
	query_blob(&q, 10, SPAN_ARRAY(d_check));
	query_int(&q, 11, (int64_t)in->log_length);
	query_blob(&q, 12, span_of(in->log_head, BOX_HASH_BYTES));
	query_int(&q, 13, in->recovery_confirmed);
	query_blob(&q, 14, span_of(in->first_head, BOX_HASH_BYTES));
	return query_run(&q, err);
}

int
identity_create(struct box *b, const struct identity_new *in, struct err *err)
{
	int rc;

	if (b->has_identity)
		return err_set(err, ERR_EXISTS, "this terminal has an account already");
	if (strlen(in->name) > IDENTITY_NAME_MAX || strlen(in->server->url) > IDENTITY_URL_MAX)
		return err_set(err, ERR_LIMIT, "the name or the address is too long");
	/* The keys first: without the row they mean nothing, and are written over. */
	if (box_begin(b, err) < 0)
		return -1;
	rc = key_file_write(b, in->account, in->device, in->keys, err);
	if (rc == 0)
		rc = identity_insert(b, in, err);
	if (box_end(b, rc, err) < 0)
		return -1;
	return identity_load(b, err);
}

static int
rotate_row(struct box *b, const struct identity_keys *keys, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	uint8_t psk_check[BOX_HASH_BYTES];

	keys_check(psk_check, keys->psk);
	if (query_init(&q, b, "UPDATE identity SET epoch = ?1, aek = ?2, psk_check = ?3", err) < 0)
		return -1;
	query_int(&q, 1, (int64_t)keys->epoch);
	query_blob(&q, 2, SPAN_ARRAY(keys->aek_public));
	query_blob(&q, 3, SPAN_ARRAY(psk_check));
	return query_run(&q, err);
}

int
identity_rotate(struct box *b, const struct identity_keys *keys, uint64_t log_length,
		const uint8_t log_head[static BOX_HASH_BYTES], struct err *err)
{
	struct identity *id = &b->identity;
	AUTO(keys_clear) struct identity_keys copy = { 0 };
	int rc;

	if (!b->has_identity || !secret_equal(keys->dsk_seed, id->keys.dsk_seed) ||
	    !secret_equal(keys->root, id->keys.root) || keys->epoch < id->keys.epoch)
		return err_set(err, ERR_USAGE, "these keys are not the next ones of this device");
	if (keys_copy(&copy, keys, err) < 0)
		return -1;
	/* The file first: its epoch may be ahead of the row's, never behind. */
	if (box_begin(b, err) < 0)
		return -1;
	rc = key_file_write(b, id->account, id->device, keys, err);
	if (rc == 0)
		rc = rotate_row(b, keys, err);
	if (rc == 0)
		rc = identity_set_log(b, log_length, log_head, err);
	if (box_end(b, rc, err) < 0)
		return -1;
	keys_clear(&id->keys);
	id->keys = copy;
	copy = (struct identity_keys){ 0 };
	return 0;
}

int
identity_set_log(struct box *b, uint64_t log_length, const uint8_t log_head[static BOX_HASH_BYTES],
		 struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "UPDATE identity SET log_length = ?1, log_head = ?2", err) < 0)
		return -1;
	query_int(&q, 1, (int64_t)log_length);
	query_blob(&q, 2, span_of(log_head, BOX_HASH_BYTES));
	if (query_run(&q, err) < 0)
		return -1;
	b->identity.log_length = log_length;
	memcpy(b->identity.log_head, log_head, BOX_HASH_BYTES);
	return 0;
}

int
identity_set_server(struct box *b, const struct identity_server *server, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (strlen(server->url) > IDENTITY_URL_MAX)
		return err_set(err, ERR_LIMIT, "the server's address is too long");
	if (query_init(&q, b, "UPDATE identity SET url = ?1, tls = ?2, pin = ?3", err) < 0)
		return -1;
	bind_server(&q, 1, server);
	if (query_run(&q, err) < 0)
		return -1;
	b->identity.server = *server;
	return 0;
}

int
identity_set_recovery_confirmed(struct box *b, bool confirmed, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "UPDATE identity SET recovery_confirmed = ?1", err) < 0)
		return -1;
	query_int(&q, 1, confirmed);
	if (query_run(&q, err) < 0)
		return -1;
	b->identity.recovery_confirmed = confirmed;
	return 0;
}

int
identity_set_acked(struct box *b, uint64_t seq, const uint8_t head[static BOX_HASH_BYTES],
		   int64_t at_unix_ms, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "UPDATE identity SET acked_seq = ?1, acked_head = ?2, acked_ms = ?3",
		       err) < 0)
		return -1;
	query_int(&q, 1, (int64_t)seq);
	query_blob(&q, 2, span_of(head, BOX_HASH_BYTES));
	query_int(&q, 3, at_unix_ms);
	if (query_run(&q, err) < 0)
		return -1;
	b->identity.acked_seq = seq;
	memcpy(b->identity.acked_head, head, BOX_HASH_BYTES);
	b->identity.acked_unix_ms = at_unix_ms;
	return 0;
}

static int
device_put(struct box *b, const char *sql, const struct identity_device *d, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, sql, err) < 0)
		return -1;
	query_blob(&q, 1, SPAN_ARRAY(d->device));
	query_int(&q, 2, (int64_t)d->seq);
	query_blob(&q, 3, SPAN_ARRAY(d->head));
	return query_run(&q, err);
}

static int
devices_get(struct identity_device *out, size_t max, size_t *n, struct box *b, const char *sql,
	    struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc = 0;

	*n = 0;
	if (query_init(&q, b, sql, err) < 0)
		return -1;
	while (*n < max && (rc = query_step(&q, err)) == QUERY_ROW) {
		query_column_bytes(&q, 0, out[*n].device, BOX_ID_BYTES);
		out[*n].seq = (uint64_t)query_column_int(&q, 1);
		query_column_bytes(&q, 2, out[*n].head, BOX_HASH_BYTES);
		++*n;
	}
	return rc < 0 ? -1 : 0;
}

int
identity_put_head(struct box *b, const struct identity_device *d, struct err *err)
{
	return device_put(b, "INSERT OR REPLACE INTO heads (device, seq, head) VALUES (?1, ?2, ?3)",
			  d, err);
}

int
identity_drop_head(struct box *b, const uint8_t device[static BOX_ID_BYTES], struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "DELETE FROM heads WHERE device = ?1", err) < 0)
		return -1;
	query_blob(&q, 1, span_of(device, BOX_ID_BYTES));
	return query_run(&q, err);
}

int
identity_heads(struct identity_device *out, size_t *n, struct box *b, struct err *err)
{
	return devices_get(out, IDENTITY_DEVICES_MAX, n, b,
			   "SELECT device, seq, head FROM heads ORDER BY device", err);
}

int
identity_put_replaced(struct box *b, const struct identity_device *d, struct err *err)
{
	return device_put(b,
			  "INSERT OR REPLACE INTO replaced (device, seq, head) VALUES (?1, ?2, ?3)",
			  d, err);
}

int
identity_replaced(struct identity_device out[static 8], size_t *n, struct box *b, struct err *err)
{
	return devices_get(out, 8, n, b, "SELECT device, seq, head FROM replaced ORDER BY place",
			   err);
}
