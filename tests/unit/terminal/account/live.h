/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live: the real cloudboxd on a free loopback port, in a folder of its own, for tests of what
 * speaks with it; and a relay in front, which loses or holds answers as it is told.
 *
 * Everything fails the test where it fails.  A test that ends early leaves no server behind: the
 * server dies with its parent (PR_SET_PDEATHSIG).
 */
#ifndef TESTS_LIVE_H
#define TESTS_LIVE_H

#include <pthread.h>
#include <sys/types.h>

#include "account/account.h"
#include "box/box.h"
#include "remote/remote.h"

#define LIVE_PATH_MAX 512

/** Whether there is a server to start; prints why not. */
bool live_possible(void);

/* A folder for one test, removed by live_folder_remove(). */
struct live_folder {
	char path[LIVE_PATH_MAX];
};

void live_folder_make(struct live_folder *f);
void live_folder_remove(struct live_folder *f);
/** @folder/@name with @content. */
void live_write(const char *folder, const char *name, const char *content);

struct live_server {
	char data[LIVE_PATH_MAX];
	bool tls;
	const char *certificate, *key; /* PEM files to serve with; NULL: its own */
	uint16_t port;                 /* kept over a restart */
	pid_t pid;
};

void live_start(struct live_server *s, const char *data, bool tls);
/** By SIGKILL, as a power cut would; or in order. */
void live_kill(struct live_server *s);
void live_stop(struct live_server *s);
/** An invitation; @quota "10G". */
struct remote_url live_invite(const struct live_server *s, const char *quota);

/* In front of a --plain-http server. */
struct live_relay {
	uint16_t port;
	uint16_t to;
	/* Answers to requests whose first line contains @lose are not passed on, and the connection
	 * is cut: so many times. */
	const char *lose;
	_Atomic unsigned n_lose;
	/* Requests so far whose first line contains @count. */
	const char *count;
	_Atomic unsigned n_count;
	int listener;
	pthread_t thread;
};

void live_relay_start(struct live_relay *r, uint16_t to);
void live_relay_stop(struct live_relay *r);

/* A terminal. */
struct live_terminal {
	char home[LIVE_PATH_MAX];
	struct box *box;
	struct remote *remote;
};

/** A Box in @home and a remote to @url that tries quickly. */
void live_terminal_open(struct live_terminal *t, const char *home, const struct remote_url *url);
void live_terminal_close(struct live_terminal *t);

/** The cheapest Argon2 that is allowed. */
#define LIVE_COST       ((struct passphrase_cost){ PASSPHRASE_MEMORY_KIB_MIN, PASSPHRASE_PASSES_MIN })
#define LIVE_PASSPHRASE "seven violins under a copper moon"

struct passphrase *live_passphrase(const char *typed);

/** init with LIVE_PASSPHRASE; the code, to be freed. */
struct recovery_code *
live_init(struct live_terminal *t, const struct remote_url *invitation, const char *name);

#endif
