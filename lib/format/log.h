/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log: the account log, a chain of entries signed by the account's key ASK.
 *
 * docs/formats/account-log.md has the byte tables.  An entry is made and signed with
 * log_entry_sign(), taken apart with log_entry_decode(), and believed only by applying it to a
 * struct log_state, which starts from an account id and checks every entry from index 0 on: place
 * in the chain, signature, and whether it makes sense there.  A log shorter than a commit names is
 * the caller's alarm.
 */
#ifndef FORMAT_LOG_H
#define FORMAT_LOG_H

#include "crypto/keys.h"
#include "crypto/sign.h"
#include "format/id.h"

#define LOG_ENTRY_BYTES_MAX    16384
#define LOG_HEAD_BYTES         84 /* before the body */
#define LOG_CREDENTIALS_BYTES  144
#define LOG_NAME_BYTES_MAX     304 /* a sealed name: 256 bytes of UTF-8 and the box's 48 */
#define LOG_BOX_BYTES_MAX      512
#define LOG_URL_BYTES_MAX      2048
#define LOG_DEVICES_MAX        64   /* alive at once */
#define LOG_ENTRIES_MAX        1024 /* all are verified at each join and each new entry: some 60 ms */
#define LOG_DEVICES_EVER_MAX   LOG_ENTRIES_MAX
#define LOG_RETENTION_DAYS_MIN 30
#define LOG_FIRST_EPOCH        1

enum log_type {
	LOG_CREATE = 1,
	LOG_ADD_DEVICE = 2,
	LOG_REVOKE = 3,
	LOG_RETIRE_DEVICE = 4,
	LOG_REPLACE_DEVICE = 5,
	LOG_ROTATE = 6,
	LOG_SET_POLICY = 7,
	LOG_SET_SERVER = 8,
	LOG_REWRAP = 9,
	LOG_DELETE_ACCOUNT = 10,
};

/* Flags of a set_policy entry; others mean nothing yet. */
#define LOG_POLICY_LIFT 1u /* let the server clear what it holds back */

/** "add_device"; "unknown" for no type.  Static storage. */
const char *log_type_name(enum log_type type);

/* What the server needs to let an unlocked account in. */
struct log_credentials {
	uint8_t passphrase_login[CRYPTO_PUBLIC_BYTES];
	uint8_t recovery_login[CRYPTO_PUBLIC_BYTES];
	struct id16 recovery_find;          /* "rec-find" */
	struct hash32 passphrase_wrap_hash; /* log_wrap_hash() of the wraps in force */
	struct hash32 recovery_wrap_hash;
};

/** H(DS("wrap-hash", wrap)) of an encoded wrap. */
void log_wrap_hash(struct hash32 *out, struct span wrap);

/* What a rotate entry carries for one remaining device. */
struct log_rotated_device {
	struct id16 device;
	struct span keys_box; /* the next PSK and DPS */
	struct span name_box; /* the name, sealed anew */
};

/* An entry taken apart; only the members of its type count.  Spans are borrowed. */
struct log_entry {
	enum log_type type;
	struct id16 account;
	uint64_t index;
	struct hash32 before;
	uint64_t epoch; /* in which it is signed */
	uint64_t client_unix_ms;
	uint8_t signature[CRYPTO_SIGNATURE_BYTES];

	uint8_t ask_public[CRYPTO_PUBLIC_BYTES]; /* create; rotate: the new one */
	uint8_t aek_public[CRYPTO_PUBLIC_BYTES]; /* create, add_device, rotate */
	struct hash32 psk_check;                 /* create, add_device, rotate */
	struct log_credentials credentials;      /* create, rotate, rewrap */
	uint32_t retention_days;                 /* create, set_policy */
	uint32_t policy_flags;                   /* set_policy */
	struct id16 device;                      /* add, revoke, retire, replace: the new one */
	uint8_t dsk_public[CRYPTO_PUBLIC_BYTES]; /* add_device */
	struct hash32 d_check;                   /* add_device: KDF(D, "check") */
	struct span name_box;                    /* add_device */
	uint8_t device_signature[CRYPTO_SIGNATURE_BYTES]; /* add_device */
	struct id16 old_device;                           /* replace_device */
	uint64_t trusted_seq;                             /* revoke, replace_device */
	struct hash32 trusted_head;                       /* revoke, replace_device */
	struct span old_ars_box;                          /* rotate */
	uint32_t n_rotated;                               /* rotate */
	struct log_rotated_device rotated[LOG_DEVICES_MAX];
	uint8_t new_ask_signature[CRYPTO_SIGNATURE_BYTES]; /* rotate */
	struct span url;                                   /* set_server */
};

/** Fill @e->device_signature of an add_device entry, whose place, device and DSK.pub are filled. */
int log_device_sign(struct log_entry *e, const struct sign_key *dsk, struct err *err);

/** Whether @e->device_signature is that of its DSK.pub for its place.  ERR_AUTH. */
int log_device_verify(const struct log_entry *e, struct err *err);

/**
 * Append the encoded entry, signed by @ask.
 * @new_ask  a rotate entry's new key, which signs too; NULL for the others.
 * @return 0, or -1: ERR_LIMIT, ERR_USAGE (a member that makes no sense), ERR_NOMEM.
 */
int log_entry_sign(struct buf *out, const struct log_entry *e, const struct sign_key *ask,
		   const struct sign_key *new_ask, struct err *err);

/** Take @bytes apart, verifying no signature.  ERR_FORMAT; ERR_UNSUPPORTED: suite or type unknown,
 *  named in the message. */
int log_entry_decode(struct log_entry *out, struct span bytes, struct err *err);

/** H(DS("log-entry", all its bytes)): what the next entry names, and a device's first previous
 * head.
 */
void log_entry_hash(struct hash32 *out, struct span bytes);

enum device_state {
	DEVICE_ALIVE = 0,
	DEVICE_REVOKED = 1,
	DEVICE_RETIRED = 2,
	DEVICE_REPLACED = 3,
	DEVICE_SUSPENDED = 4, /* the operator's doing; never in a log */
};

/* A device as the log has it. */
struct log_device {
	struct id16 id;
	enum device_state state;
	uint8_t dsk_public[CRYPTO_PUBLIC_BYTES];
	struct hash32 added; /* hash of its add_device entry */
	struct hash32 d_check;
	uint64_t epoch_added; /* whose ARS its D comes from */
	uint64_t name_epoch;  /* of the name's box */
	uint16_t n_name_box;
	uint8_t name_box[LOG_NAME_BYTES_MAX];
	uint64_t trusted_seq; /* revoked, replaced: later commits are void */
	struct hash32 trusted_head;
	struct id16 replaced_by; /* DEVICE_REPLACED */
	struct id16 replaces;    /* zero: none */
};

struct log_state {
	struct id16 account;
	uint64_t length;    /* entries applied */
	struct hash32 head; /* of the last one; zero for none */
	uint64_t epoch;
	uint64_t last_unix_ms; /* client time of the last entry */
	uint8_t ask_public[CRYPTO_PUBLIC_BYTES];
	uint8_t aek_public[CRYPTO_PUBLIC_BYTES];
	struct hash32 psk_check;
	struct log_credentials credentials;
	uint32_t retention_days;
	uint32_t policy_flags;
	char url[LOG_URL_BYTES_MAX + 1]; /* "" until a set_server */
	bool deleted;                    /* a delete_account stands */
	struct log_device *devices;      /* owned; in the order in which they were added */
	size_t n_devices, cap_devices;
};

/** An empty log of @account; log_state_clear() frees.  The first entry applied must be the create
 *  whose ASK.pub gives this id. */
void log_state_init(struct log_state *s, const struct id16 *account);
void log_state_clear(struct log_state *s);
AUTO_OBJ(log_state_clear, struct log_state);

/**
 * Check and apply the next entry.
 * @return 0, or -1, @s unchanged: ERR_FORMAT; ERR_UNSUPPORTED; ERR_AUTH (signature, or another
 * account's); ERR_CONFLICT (index or hash of the entry before do not continue this log);
 * ERR_REFUSED (makes no sense here: an unknown device, one too many, a wrong epoch); ERR_NOMEM.
 */
int log_state_apply(struct log_state *s, struct span entry, struct err *err);

/** Borrowed until the next apply; NULL if there is none. */
const struct log_device *log_state_device(const struct log_state *s, const struct id16 *device);

/** Number of devices alive. */
size_t log_state_alive(const struct log_state *s);

/** Fill in what every next entry has: account, index, hash before, epoch. */
void log_state_next(struct log_entry *e, const struct log_state *s);

#endif
