/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem: how the server says no, as a JSON problem (RFC 9457), and the table of its words.
 *
 *     {"type": "urn:cloudbox:problem:head", "title": "…", "status": 409, "detail": "…",
 *      "seq": 17, "head": "…"}
 */
#ifndef WIRE_PROBLEM_H
#define WIRE_PROBLEM_H

#include "format/id.h"

#define PROBLEM_TYPE_PREFIX "urn:cloudbox:problem:"
#define PROBLEM_MEDIA_TYPE  "application/problem+json"
#define PROBLEM_BYTES_MAX   16384
#define PROBLEM_CIDS_MAX    100

/* What a problem carries beyond title and detail. */
enum problem_member {
	PROBLEM_HAS_NOTHING = 0,
	PROBLEM_HAS_SEQ_HEAD,    /* seq, head: what the server has for the device */
	PROBLEM_HAS_EPOCH,       /* epoch */
	PROBLEM_HAS_LENGTH_HEAD, /* length, head: of the account log */
	PROBLEM_HAS_CIDS,        /* cids */
	PROBLEM_HAS_NEEDS,       /* needs: a version */
	PROBLEM_HAS_RETRY,       /* the Retry-After header */
	PROBLEM_HAS_AGAIN,       /* again: seconds, where waiting helps */
	PROBLEM_HAS_NOW,         /* now: the server's clock, for whose own it is not */
};

/* enumerator, word, status, member, title, what a terminal makes of it */
/* clang-format off */
#define PROBLEM_WORDS(X) \
	X(PROBLEM_MALFORMED,       "malformed",       400, NOTHING,     "The request is not well formed", ERR_INTERNAL) \
	X(PROBLEM_SIGNATURE,       "signature",       401, NOW,         "Signature, challenge or token is wrong or has expired", ERR_AUTH) \
	X(PROBLEM_REVOKED,         "revoked",         403, NOTHING,     "This device was revoked, retired or replaced", ERR_REVOKED) \
	X(PROBLEM_SUSPENDED,       "suspended",       403, NOTHING,     "The operator suspended this device or account", ERR_REFUSED) \
	X(PROBLEM_SCOPE,           "scope",           403, NOTHING,     "This login does not allow that", ERR_REFUSED) \
	X(PROBLEM_ACCOUNT,         "account",         404, NOTHING,     "There is no such account", ERR_NOT_FOUND) \
	X(PROBLEM_DEVICE,          "device",          404, NOTHING,     "There is no such device", ERR_NOT_FOUND) \
	X(PROBLEM_UNKNOWN,         "unknown",         404, NOTHING,     "There is nothing at this address", ERR_NOT_FOUND) \
	X(PROBLEM_METHOD,          "method",          405, NOTHING,     "This address does not take that method", ERR_INTERNAL) \
	X(PROBLEM_SLOW,            "slow",            408, NOTHING,     "The request took too long to arrive", ERR_UNREACHABLE) \
	X(PROBLEM_HEAD,            "head",            409, SEQ_HEAD,    "The batch does not continue what the server has", ERR_CONFLICT) \
	X(PROBLEM_EPOCH,           "epoch",           409, EPOCH,       "The batch is sealed with the keys of an older epoch", ERR_CONFLICT) \
	X(PROBLEM_LOG,             "log",             409, LENGTH_HEAD, "The entry does not continue the account log", ERR_CONFLICT) \
	X(PROBLEM_EXISTS,          "exists",          409, NOTHING,     "It exists already", ERR_EXISTS) \
	X(PROBLEM_INVITATION_USED, "invitation-used", 409, NOTHING,     "The invitation was used already", ERR_REFUSED) \
	X(PROBLEM_INVITATION,      "invitation",      410, NOTHING,     "The invitation has expired or was never issued", ERR_REFUSED) \
	X(PROBLEM_PAIRING,         "pairing",         410, NOTHING,     "The pairing has expired, is over, or never began", ERR_REFUSED) \
	X(PROBLEM_LENGTH,          "length",          411, NOTHING,     "The request does not say how long it is", ERR_INTERNAL) \
	X(PROBLEM_TOO_LARGE,       "too-large",       413, NOTHING,     "The request is larger than the server takes", ERR_LIMIT) \
	X(PROBLEM_ROOT,            "root",            422, NOTHING,     "Records root or state root differs", ERR_CONFLICT) \
	X(PROBLEM_RECORDS,         "records",         422, NOTHING,     "A record is not well formed", ERR_INTERNAL) \
	X(PROBLEM_UNSUPPORTED,     "unsupported",     422, NOTHING,     "The server does not carry that out", ERR_UNSUPPORTED) \
	X(PROBLEM_MISSING_CHUNKS,  "missing-chunks",  424, CIDS,        "Chunks that the batch needs are not there", ERR_CONFLICT) \
	X(PROBLEM_VERSION,         "version",         426, NEEDS,       "This program is too old for the server", ERR_UNSUPPORTED) \
	X(PROBLEM_SLOW_DOWN,       "slow-down",       429, RETRY,       "Too many requests", ERR_UNREACHABLE) \
	X(PROBLEM_DRILLS,          "drills",          429, AGAIN,       "The day's share of ciphertexts without the passphrase is used up", ERR_REFUSED) \
	X(PROBLEM_INTERNAL,        "internal",        500, NOTHING,     "The server failed", ERR_UNREACHABLE) \
	X(PROBLEM_BUSY,            "busy",            503, RETRY,       "The server is busy", ERR_UNREACHABLE) \
	X(PROBLEM_QUOTA,           "quota",           507, AGAIN,       "The quota is used up", ERR_FULL) \
	X(PROBLEM_DISK,            "disk",            507, NOTHING,     "The server's disk is full", ERR_FULL)

#define PROBLEM_ENUMERATOR_(name, word, status, member, title, code) name,
enum problem_word { PROBLEM_WORDS(PROBLEM_ENUMERATOR_) PROBLEM_N_WORDS };
/* clang-format on */

struct problem {
	enum problem_word word;
	char detail[512];   /* a sentence in English; may be empty */
	uint64_t seq;       /* PROBLEM_HEAD */
	struct hash32 head; /* PROBLEM_HEAD, PROBLEM_LOG */
	uint64_t epoch;     /* PROBLEM_EPOCH */
	uint64_t length;    /* PROBLEM_LOG */
	uint32_t n_cids;    /* PROBLEM_MISSING_CHUNKS */
	struct hash32 cids[PROBLEM_CIDS_MAX];
	char needs[32]; /* PROBLEM_VERSION */
	uint64_t
		again_s; /* PROBLEM_QUOTA, PROBLEM_DRILLS: when the device may have more; 0: waiting
			    does not help */
	uint64_t now_unix_s; /* PROBLEM_SIGNATURE: the server's clock; 0: it does not say */
};

/** "missing-chunks", 424, the title, and the error that a terminal makes of it.  Static storage. */
const char *problem_word_text(enum problem_word word);
unsigned problem_status(enum problem_word word);
const char *problem_title(enum problem_word word);
enum err_code problem_err_code(enum problem_word word);
enum problem_member problem_member(enum problem_word word);

/** Append the JSON. */
int problem_print(struct buf *out, const struct problem *p, struct err *err);

/** Parse a body that came with @status.  ERR_SYNTAX: no problem of ours (a proxy's page, say), or
 *  its status is another.  Unknown members are passed by. */
int problem_parse(struct problem *out, unsigned status, struct span json, struct err *err);

#endif
