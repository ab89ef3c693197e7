/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ds: domain separation.  Every hash, key derivation, MAC, signature and AAD of Cloudbox is over
 *
 *     DS(label, f1 … fn) = "cloudbox1:" ‖ label ‖ 0x00 ‖ (u32le length ‖ field)*
 *
 * so that no two uses ever see the same bytes.  Integers are fields of eight bytes, u64le, however
 * small they are.  A call reads like the design:
 *
 *     ds_hash(leaf, DS(DS_LEAF, DS_NUM(i), DS_ID(folder), DS_ID(item), DS_NUM(flags),
 *                      DS_SPAN(refs), DS_SPAN(ciphertext)));
 *
 * Each label has one use and one number of fields; any other is a bug and ends the program
 * (assert).  A field is at most 4 GiB - 1.  Spans are borrowed for the length of the call.
 */
#ifndef CRYPTO_DS_H
#define CRYPTO_DS_H

#include "base/buf.h"
#include "crypto/crypto.h"

/* What a label may be used for. */
enum ds_use {
	DS_USE_HASH, /* ds_hash() */
	DS_USE_KDF,  /* ds_kdf(), secret_derive() */
	DS_USE_HMAC, /* ds_hmac(): the chunk id alone */
	DS_USE_SIGN, /* sign_message(), sign_verify() */
	DS_USE_AAD,  /* ds_encode() for an AEAD's additional data */
	DS_USE_BOX,  /* wrap_box_seal(), wrap_box_open(): the count is that of f… */
};

/*
 * The table of labels: enumerator, text, use, number of fields, the fields in order.
 * bytes unless marked # (a number).  A text never changes and is never used again for another
 * purpose; docs/formats/keys.md has the sizes.
 */
/* clang-format off */
#define DS_LABELS(X) \
	/* keys */ \
	X(DS_ACCOUNT,      "account",      HASH, 2) /* suite#, ASK_0.pub: first 16 = account id */ \
	X(DS_PW_SALT,      "pw-salt",      HASH, 3) /* account, kind#, salt: first 16 */ \
	X(DS_PASS_KEK,     "pass-kek",     KDF,  0) /* key: mk */ \
	X(DS_PASS_AUTH,    "pass-auth",    KDF,  0) /* key: mk */ \
	X(DS_RECOVERY,     "recovery",     KDF,  0) /* key: the code's 16 bytes */ \
	X(DS_REC_KEK,      "rec-kek",      KDF,  0) /* key: rk */ \
	X(DS_REC_AUTH,     "rec-auth",     KDF,  0) /* key: rk */ \
	X(DS_REC_FIND,     "rec-find",     KDF,  0) /* key: rk; first 16 */ \
	X(DS_ACCT_SIGN,    "acct-sign",    KDF,  0) /* key: ARS */ \
	X(DS_ACCT_SEAL,    "acct-seal",    KDF,  0) /* key: ARS */ \
	X(DS_SEAL_PSK,     "seal-psk",     KDF,  0) /* key: ARS */ \
	X(DS_DEVICE_PSK,   "device-psk",   KDF,  1) /* key: ARS; device */ \
	X(DS_DEVICE_IDS,   "device-ids",   KDF,  1) /* key: ARS; device */ \
	X(DS_CHECK,        "check",        KDF,  0) /* key: PSK or D */ \
	X(DS_FOLDER,       "folder",       KDF,  1) /* key: D; app: first 16 */ \
	X(DS_ITEM,         "item",         KDF,  2) /* key: D; app, native id: first 16 */ \
	X(DS_CHUNK_ID,     "chunk-id",     KDF,  0) /* key: D */ \
	X(DS_SPLITTER,     "splitter",     KDF,  0) /* key: D */ \
	X(DS_STATE,        "state",        KDF,  0) /* key: D */ \
	X(DS_CONTENT,      "content",      KDF,  1) /* key: state key; an item's content, for box.db */ \
	/* wraps and boxes */ \
	X(DS_WRAP,         "wrap",         KDF,  1) /* key: KEK; w */ \
	X(DS_WRAP_COMMIT,  "wrap-commit",  KDF,  9) /* key: KEK; w, suite#, kind#, KiB#, passes#, salt, account, epoch#, log length# */ \
	X(DS_WRAP_AAD,     "wrap-aad",     AAD, 10) /* suite#, kind#, KiB#, passes#, salt, w, commit, account, epoch#, log length# */ \
	X(DS_OLD_ARS,      "old-ars",      BOX,  1) /* key: new ARS; epoch# */ \
	X(DS_NEXT_PSK,     "next-psk",     BOX,  2) /* key: DPS; device, epoch# */ \
	X(DS_NAME,         "name",         BOX,  2) /* key: PSK; device, epoch# */ \
	/* sealing */ \
	X(DS_SEAL,         "seal",         KDF,  4) /* key: PSK; E.pub, AEK.pub, X25519, batch header */ \
	X(DS_CHUNK_SEAL,   "chunk-seal",   KDF,  9) /* key: PSK; E.pub, AEK.pub, X25519, suite#, account, device, epoch#, class#, cid */ \
	X(DS_KEPT,         "kept",         KDF,  7) /* key: PSK; E.pub, AEK.pub, X25519, account, device, restore, item */ \
	X(DS_REC,          "rec",          AAD,  5) /* i#, folder, item, flags#, refs */ \
	X(DS_CHUNK,        "chunk",        HMAC, 1) /* key: chunk-id key; class#; then the plaintext itself */ \
	X(DS_OBJECT,       "object",       HASH, 1) /* a chunk's object */ \
	/* trees and heads */ \
	X(DS_LEAF,         "leaf",         HASH, 6) /* i#, folder, item, flags#, refs, ciphertext */ \
	X(DS_NODE,         "node",         HASH, 2) /* left, right */ \
	X(DS_RECORDS_ROOT, "records-root", HASH, 2) /* n#, top */ \
	X(DS_BUCKET,       "bucket",       HASH, 1) /* sorted (folder, item, seq, leaf) joined */ \
	X(DS_STATE_NODE,   "state-node",   HASH, 2) /* left, right */ \
	X(DS_STATE_ROOT,   "state-root",   HASH, 2) /* N#, top */ \
	X(DS_HEAD,         "head",         HASH, 2) /* commit (the message signed), signature */ \
	X(DS_LOG_ENTRY,    "log-entry",    HASH, 1) /* a whole entry with its signatures */ \
	X(DS_WRAP_HASH,    "wrap-hash",    HASH, 1) /* a whole wrap, for the credentials in the log */ \
	/* signatures */ \
	X(DS_COMMIT,       "commit",       SIGN, 5) /* DSK: header, n#, records root, state root, heads of the other devices */ \
	X(DS_LOG,          "log",          SIGN, 1) /* ASK: an entry up to its signature */ \
	X(DS_DEVICE,       "device",       SIGN, 5) /* DSK: account, device, DSK.pub, index#, hash of the entry before */ \
	X(DS_AUTH,         "auth",         SIGN, 7) /* login key or DSK: suite#, account, kind# or device, scope#, SPKI hash, challenge, expiry# (unix s) */ \
	X(DS_HAVE,         "have",         SIGN, 6) /* DSK: suite#, account, device, SPKI hash, client time# (unix ms), H(DS("body", body)) */ \
	X(DS_BEAT,         "beat",         SIGN, 6) /* DSK: the same */ \
	X(DS_BODY,         "body",         HASH, 1) /* a request's body */ \
	/* pairing */ \
	X(DS_PAIR,         "pair",         KDF,  2) /* key: the one-time secret; role#, transcript */ \
	X(DS_PAIR_COMMIT,  "pair-commit",  HASH, 2) /* r, DSK.pub */ \
	X(DS_PAIR_DIGITS,  "pair-digits",  KDF,  1) /* key: the one-time secret; transcript */ \
	X(DS_PAIR_MESSAGE, "pair-message", BOX,  2) /* key: "pair"; role#, number#; for the account stands the pairing's id */

#define DS_ENUMERATOR_(name, text, use, n_fields) name,
enum ds_label { DS_LABELS(DS_ENUMERATOR_) DS_N_LABELS };
/* clang-format on */

struct ds_field {
	struct span bytes;
	uint64_t number;
	enum { DS_IS_NONE, DS_IS_NUMBER, DS_IS_BYTES } is;
};

/* The kinds of field. */
#define DS_NUM(v)      ((struct ds_field){ .number = (uint64_t)(v), .is = DS_IS_NUMBER })
#define DS_SPAN(s)     ((struct ds_field){ .bytes = (s), .is = DS_IS_BYTES })
#define DS_BYTES(p, n) DS_SPAN(span_of((p), (n)))
#define DS_ID(p)       DS_BYTES((p), CRYPTO_ID_BYTES)          /* 16 bytes */
#define DS_HASH32(p)   DS_BYTES((p), CRYPTO_HASH_BYTES)        /* 32: hash, public key, cid */
#define DS_NONE        ((struct ds_field){ .is = DS_IS_NONE }) /* alone: no fields */

/* A label and its fields, by value; valid within the block in which DS() stands. */
struct ds {
	enum ds_label label;
	const struct ds_field *fields;
	size_t n_fields;
};

/** DS(label, field…) of the design; a label without fields is DS(label, DS_NONE). */
#define DS(label_, ...)                                                                            \
	ds_make((label_), (const struct ds_field[]){ __VA_ARGS__ },                                \
		sizeof((const struct ds_field[]){ __VA_ARGS__ }) / sizeof(struct ds_field))

static inline struct ds
ds_make(enum ds_label label, const struct ds_field *fields, size_t n)
{
	if (n == 1 && fields[0].is == DS_IS_NONE)
		n = 0;
	return (struct ds){ label, fields, n };
}

/** "leaf".  Static storage. */
const char *ds_label_text(enum ds_label label);
enum ds_use ds_label_use(enum ds_label label);

/** H(DS(…)): BLAKE2b-256.  Streams its fields: takes no memory. */
void ds_hash(uint8_t out[static CRYPTO_HASH_BYTES], struct ds d);

/** KDF(key, DS(…)): BLAKE2b-256 keyed with @key, 16 to 64 bytes.  For ids and checks; secret keys
 *  come from secret_derive(). */
void ds_kdf(uint8_t out[static CRYPTO_HASH_BYTES], struct span key, struct ds d);

/** HMAC-SHA-256(key, DS(…) ‖ tail): the chunk id's shape.  @key 32 bytes.  ERR_NOMEM. */
int ds_hmac(uint8_t out[static CRYPTO_HASH_BYTES], struct span key, struct ds d, struct span tail,
	    struct err *err);

/** Append the bytes of DS(…) themselves: AAD, and for tests.  ERR_LIMIT, ERR_NOMEM.  For the labels
 *  of use SIGN and AAD. */
int ds_encode(struct buf *out, struct ds d, struct err *err);

#endif
