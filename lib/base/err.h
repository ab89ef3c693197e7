/* SPDX-License-Identifier: Apache-2.0 */
/*
 * err: a failure, with a code for the program, a sentence for the person and a hint what to do.
 *
 * A function that can fail takes `struct err *err` last and returns 0, a positive expected outcome
 * that its header names, or -1 with *err filled.  Libraries return; only main() prints and exits.
 * A message names the place, never the content: no names, numbers or message texts of the user.
 *
 * err_set(), err_wrap() and err_hint() translate their format (see base/text.h): xgettext finds the
 * literals by these functions' names, so always pass a literal.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

/* What the caller can do about it; err_code_name() gives the word that `--json` shows. */
enum err_code {
	ERR_NONE = 0,
	ERR_NOMEM,  /* memory is exhausted */
	ERR_IO,     /* the kernel refused: sys_errno says why */
	ERR_FULL,   /* no room: disk, quota */
	ERR_LIMIT,  /* larger than a documented limit */
	ERR_SYNTAX, /* other people's text is not what it should be; msg has file:line:column */
	ERR_FORMAT, /* our own bytes are damaged, cut or of an unknown kind */
	ERR_UNSUPPORTED, /* a newer suite, format, entry or schema */
	ERR_AUTH,        /* a signature, tag or hash does not fit: forged or damaged */
	ERR_LOCKED,      /* passphrase or recovery code missing or wrong */
	ERR_UNREACHABLE, /* the server was not reached */
	ERR_REFUSED,     /* the server was reached and said no for good */
	ERR_CONFLICT,    /* the state moved: fetch anew and try again */
	ERR_REVOKED,     /* this device, or the account, is shut out */
	ERR_NOT_FOUND,
	ERR_AMBIGUOUS,
	ERR_EXISTS,
	ERR_BUSY,      /* somebody else holds the lock */
	ERR_USAGE,     /* the call itself is wrong */
	ERR_PARTIAL,   /* done in part; each failed item was named */
	ERR_CANCELLED, /* the person said no */
	ERR_ALARM,     /* the server shows an older or another history than this terminal knows */
	ERR_INTERNAL,  /* a bug of ours */
};

struct err {
	enum err_code code;
	int sys_errno;     /* errno where it was detected, else 0 */
	const char *where; /* "file.c:120" of the origin; static storage */
	char msg[512];     /* UTF-8, outermost context first, no newline */
	char hint[256];    /* what to do next; empty if there is nothing to say */
};

#define ERR_STR_(x) #x
#define ERR_STR(x)  ERR_STR_(x)
#define ERR_HERE    __FILE__ ":" ERR_STR(__LINE__)

/** Fill *err (which may be NULL); forgets what stood there.  Always returns -1, to be returned on. */
#define err_set(err, code, ...) err_failed(err_set_at(err, code, 0, ERR_HERE, __VA_ARGS__))

/** The same for a failed system call: keeps @sys_errno and appends its text.  ENOSPC and EDQUOT
 *  become ERR_FULL, ENOMEM ERR_NOMEM, everything else ERR_IO. */
#define err_sys(err, sys_errno, ...) err_failed(err_sys_at(err, sys_errno, ERR_HERE, __VA_ARGS__))

/** Put context before the message: "CONTEXT: message".  Always returns -1. */
#define err_wrap(err, ...) err_failed(err_wrap_in(err, __VA_ARGS__))

/** Say what to do next.  Always returns -1. */
#define err_hint(err, ...) err_failed(err_hint_in(err, __VA_ARGS__))

/** Out of memory.  Always returns -1. */
#define err_nomem(err) err_failed(err_set_at(err, ERR_NOMEM, 0, ERR_HERE, "out of memory"))

/* What the macros call.  err_failed() tells compiler and analyzer that the result is always -1. */
static inline int
err_failed(int minus_one)
{
	(void)minus_one;
	return -1;
}

int err_set_at(struct err *err, enum err_code code, int sys_errno, const char *where,
	       const char *fmt, ...) __attribute__((format(printf, 5, 6)));
int err_sys_at(struct err *err, int sys_errno, const char *where, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int err_wrap_in(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int err_hint_in(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Stable English word for a code ("not-found"): part of the JSON contract. */
const char *err_code_name(enum err_code code);

#endif
