/*
 * threads die|exec|exit|kill-one: a process with three more threads, which do nothing but wait.
 * Prints "ready" and its thread ids; then waits to be killed; or, when standard input ends, becomes
 * sleep(1) through a thread that is not its first, or exits, or sends SIGTERM to one of its threads.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 3 };
static pthread_barrier_t all;
static pid_t tids[THREADS];
static const char *way;

static void *work(void *number)
{
	long own = (long)number;
	char byte;

	tids[own] = syscall(SYS_gettid);
	pthread_barrier_wait(&all);
	while (own || strcmp(way, "exec"))
		pause();
	while (read(0, &byte, 1) > 0)
		;
	execlp("cat", "cat", "/dev/fd/3", NULL);
	_exit(98);
}

int main(int argc, char **argv)
{
	pthread_t thread;
	char byte;

	way = argc > 1 ? argv[1] : "die";
	pthread_barrier_init(&all, NULL, THREADS + 1);
	for (long i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, work, (void *)i);
	pthread_barrier_wait(&all);
	printf("ready %d %d %d\n", tids[0], tids[1], tids[2]);
	fflush(stdout);
	if (!strcmp(way, "exec") || !strcmp(way, "die"))
		for (;;)
			pause();
	while (read(0, &byte, 1) > 0)
		;
	if (!strcmp(way, "kill-one"))
		pthread_kill(thread, SIGTERM);
	else
		exit(5);
	for (;;)
		pause();
}
