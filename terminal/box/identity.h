/* SPDX-License-Identifier: Apache-2.0 */
/*
 * identity: who this terminal is, its keys, and what it knows of the account.
 *
 * The keys lie in HOME/keys, one file of fixed size, replaced as a whole, read straight into
 * guarded memory; all else in box.db.  The file holds everything that a rotation changes, so a
 * crash leaves the old keys or the new ones, never a mixture.
 *
 * Read through box_identity(); changed only by the functions below, which change the Box first and
 * the struct after.
 */
#ifndef BOX_IDENTITY_H
#define BOX_IDENTITY_H

#include "box/box.h"
#include "crypto/keys.h"

#define IDENTITY_NAME_MAX    200  /* bytes of a device's name, UTF-8 */
#define IDENTITY_URL_MAX     1024 /* bytes */
#define IDENTITY_DEVICES_MAX 64

enum identity_tls {
	IDENTITY_TLS_PIN, /* the server's key is the pinned one */
	IDENTITY_TLS_CA,  /* its certificate is signed for its name */
	IDENTITY_TLS_NONE /* plain HTTP on a loopback address */
};

struct identity_server {
	char url[IDENTITY_URL_MAX + 1]; /* https://HOST:PORT, no path, no fragment */
	enum identity_tls tls;
	uint8_t pin[BOX_HASH_BYTES]; /* SHA-256 of the SPKI; zeros but for IDENTITY_TLS_PIN */
};

struct identity_keys {
	uint64_t epoch;
	struct secret *dsk_seed; /* Ed25519 seed: signs commits and logins */
	struct secret *psk;
	struct secret *dps;
	struct secret *root; /* D */
	uint8_t ask_public[CRYPTO_PUBLIC_BYTES];
	uint8_t aek_public[CRYPTO_PUBLIC_BYTES];
};

struct identity {
	uint8_t account[BOX_ID_BYTES];
	uint8_t device[BOX_ID_BYTES];
	char name[IDENTITY_NAME_MAX + 1];
	struct identity_server server;
	struct identity_keys keys;
	struct sign_key *dsk;    /* made from keys.dsk_seed */
	struct device_keys *ids; /* made from keys.root: folder, item and chunk ids */
	uint64_t log_length;     /* of the account log, in entries, as this device knows it */
	uint8_t log_head[BOX_HASH_BYTES];
	bool recovery_confirmed;
	uint64_t acked_seq;                 /* 0: nothing yet */
	uint8_t acked_head[BOX_HASH_BYTES]; /* with seq 0: H(DS("log-entry", its add_device entry))
					     */
	int64_t acked_unix_ms;              /* the server's time at the last ACK; 0: never */
};

/* What init and join hand over.  Nothing is taken: secrets and strings are copied. */
struct identity_new {
	const uint8_t *account; /* BOX_ID_BYTES */
	const uint8_t *device;  /* BOX_ID_BYTES */
	const char *name;
	const struct identity_server *server;
	const struct identity_keys *keys;
	uint64_t log_length;
	const uint8_t *log_head;   /* BOX_HASH_BYTES */
	const uint8_t *first_head; /* BOX_HASH_BYTES: hash of the device's add_device entry */
	bool recovery_confirmed;
};

/** Give the Box its identity; from then on box_identity() tells it.  ERR_EXISTS: it has one,
 *  ERR_LIMIT (name, URL), ERR_FULL, ERR_IO. */
int identity_create(struct box *b, const struct identity_new *in, struct err *err);

/** After a rotation: new keys, then the log that says so.  @keys->dsk_seed and ->root stay what
 *  they were (ERR_USAGE else). */
int identity_rotate(struct box *b, const struct identity_keys *keys, uint64_t log_length,
		    const uint8_t log_head[static BOX_HASH_BYTES], struct err *err);

int identity_set_log(struct box *b, uint64_t log_length,
		     const uint8_t log_head[static BOX_HASH_BYTES], struct err *err);
/** The account's server is at another address.  ERR_LIMIT: the address is too long. */
int identity_set_server(struct box *b, const struct identity_server *server, struct err *err);
int identity_set_recovery_confirmed(struct box *b, bool confirmed, struct err *err);

/** The head that this device's newest batch has on the server: for a rejoin, and for a rebuilt map.
 *  In the ordinary course journal_ack() does this. */
int identity_set_acked(struct box *b, uint64_t seq, const uint8_t head[static BOX_HASH_BYTES],
		       int64_t at_unix_ms, struct err *err);

/* Another device, as far as this one knows. */
struct identity_device {
	uint8_t device[BOX_ID_BYTES];
	uint64_t seq;
	uint8_t head[BOX_HASH_BYTES];
};

/** Note the newest head of another device, to be named in the next commit. */
int identity_put_head(struct box *b, const struct identity_device *d, struct err *err);
int identity_drop_head(struct box *b, const uint8_t device[static BOX_ID_BYTES], struct err *err);
/** All of them, ascending by device, at most IDENTITY_DEVICES_MAX: @out has room for that many. */
int identity_heads(struct identity_device *out, size_t *n, struct box *b, struct err *err);

/** This device takes the place of @d.device, whose chunks up to d.seq it may refer to. */
int identity_put_replaced(struct box *b, const struct identity_device *d, struct err *err);
/** Nearest first, at most 8: @out has room for that many. */
int
identity_replaced(struct identity_device out[static 8], size_t *n, struct box *b, struct err *err);

#endif
