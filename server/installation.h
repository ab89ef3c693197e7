/* SPDX-License-Identifier: Apache-2.0 */
/*
 * installation: the data folder of one server, its lock, and what lies in it.
 *
 *     DIR/lock           held by `serve`, or by a command that works on the data itself
 *     DIR/control        socket of the running server
 *     DIR/cloudbox.db    catalog      DIR/blobs/  objects      DIR/tls-*.pem  own key, certificate
 *
 * One process a folder: whoever wants the data and finds the lock taken asks through the socket.
 */
#ifndef SERVER_INSTALLATION_H
#define SERVER_INSTALLATION_H

#include <pthread.h>

#include "blobs/blobs.h"
#include "catalog/catalog.h"

#define INSTALLATION_CONTROL "control"
#define INSTALLATION_URL_MAX 1024

struct installation {
	int dir_fd, lock_fd;
	struct catalog *catalog;
	struct blobs *blobs;
	pthread_mutex_t upkeep; /* held while objects are removed, or must not be */
};

struct installation_options {
	const char *data;  /* NULL: the default one */
	const char *db;    /* NULL: sqlite:DIR/cloudbox.db */
	const char *blobs; /* NULL: dir:DIR/blobs */
	bool make;         /* the folder, where there is none */
};

/** Close everything, give back the lock. */
void installation_clear(struct installation *in);
AUTO_OBJ(installation_clear, struct installation);

#define INSTALLATION_BUSY 1 /* another process has the lock */

/** Open the folder and take the lock.  @in initialised with INSTALLATION_INIT; cleared by the caller
 *  in any case.  0, INSTALLATION_BUSY (dir_fd is open) or -1: ERR_NOT_FOUND, ERR_IO, ERR_FULL. */
int
installation_lock(struct installation *in, const struct installation_options *o, struct err *err);
#define INSTALLATION_INIT                                                                          \
	{                                                                                          \
		.dir_fd = -1, .lock_fd = -1, .upkeep = PTHREAD_MUTEX_INITIALIZER                   \
	}

/** Open catalog and objects of a folder that is locked. */
int
installation_open(struct installation *in, const struct installation_options *o, struct err *err);

/* How the server is reached, kept for `invite` while nothing runs. */
struct installation_address {
	char url[INSTALLATION_URL_MAX]; /* "https://HOST:PORT"; "" if it never ran */
	bool pinned;
	uint8_t pin[32];
};

int installation_address_get(const struct installation *in, struct installation_address *out,
			     struct err *err);
int installation_address_put(struct installation *in, const struct installation_address *a,
			     struct err *err);

#endif
