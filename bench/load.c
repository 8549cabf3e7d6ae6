// SPDX-License-Identifier: GPL-2.0-only
/*
 * The load: sends signals, or starts processes, and tells how long each took.
 *
 *   load kill|tgkill|spawn SIGNAL COUNT RATE SENDERS
 *
 * "kill" signals a child that ignores the signal: the tracepoint fires for it as for any other, and no
 * handler runs on the second CPU while the first is measured. "tgkill" is a thread that signals itself and
 * handles it, as Go's run-time does. "spawn" starts /bin/true and waits for it.
 *
 * RATE is in calls a second for each sender, paced by spinning so that its CPU does not fall asleep
 * between two calls; below 1000 it does sleep, for then the tracer is measured and not the call; 0 is a storm. With more than one sender each is bound to a CPU of its own.
 *
 * Writes "SENDER TARGET" (pids), waits for a line on standard input, runs, and writes one JSON object.
 * Times are CLOCK_MONOTONIC, in nanoseconds.
 */
#define _GNU_SOURCE
#include <err.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A call that took longer was not slow but preempted: the machine gave its CPU to somebody else. */
#define PREEMPTED_NS 1000000
#define SPAWN_PREEMPTED_NS 50000000
#define SLEEPS_BELOW 1000

enum kind { KILL, TGKILL, SPAWN };

static const char *const kinds[] = { "kill", "tgkill", "spawn" };

struct plan {
	enum kind kind;
	int signal;
	uint64_t count;
	uint64_t rate;
	int senders;
	pid_t target;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000000ULL + time.tv_nsec;
}

static void handle(int number)
{
	(void)number;
}

/* Its life ends with the pipe: a signal to end it would be one more for the tracer to see. */
static pid_t start_target(int number, int *life)
{
	int ends[2];
	pid_t pid;
	char byte;

	signal(number, SIG_IGN);
	if (pipe(ends))
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		close(ends[1]);
		_exit(read(ends[0], &byte, 1) != 0);
	}
	close(ends[0]);
	*life = ends[1];
	return pid;
}

static void spawn(void)
{
	char *words[] = { "true", NULL }, *none[] = { NULL };
	pid_t pid;

	if (posix_spawn(&pid, "/bin/true", NULL, NULL, words, none))
		errx(1, "posix_spawn /bin/true");
	waitpid(pid, NULL, 0);
}

static void once(const struct plan *plan, pid_t self)
{
	int failed = 0;

	switch (plan->kind) {
	case KILL:
		failed = kill(plan->target, plan->signal);
		break;
	case TGKILL:
		failed = syscall(SYS_tgkill, self, self, plan->signal);
		break;
	case SPAWN:
		spawn();
	}
	if (failed)
		err(1, "%s", kinds[plan->kind]);
}

static void sleep_until(uint64_t moment)
{
	struct timespec time = { .tv_sec = moment / 1000000000, .tv_nsec = moment % 1000000000 };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static void send_all(const struct plan *plan, uint32_t *times)
{
	uint64_t gap = plan->rate ? 1000000000ULL / plan->rate : 0;
	uint64_t next = now(), before;
	pid_t self = getpid();

	for (uint64_t i = 0; i < plan->count; i++, next += gap) {
		if (gap && plan->rate < SLEEPS_BELOW)
			sleep_until(next);
		do
			before = now();
		while (gap && before < next);
		once(plan, self);
		times[i] = now() - before;
	}
}

static void bind_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* The senders run at once, each with its part of the table of times; returns the time of the slowest. */
static uint64_t run(const struct plan *plan, uint32_t *times)
{
	uint64_t began = now();

	if (plan->senders == 1) {
		send_all(plan, times);
		return now() - began;
	}
	for (int i = 0; i < plan->senders; i++) {
		if (fork())
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		bind_to(i);
		send_all(plan, times + i * plan->count);
		_exit(0);
	}
	for (int i = 0; i < plan->senders; i++)
		wait(NULL);
	return now() - began;
}

static int compare(const void *one, const void *other)
{
	uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;

	return a < b ? -1 : a > b;
}

/* CPU time of this process and the children it has waited for, in seconds. */
static double cpu_seconds(void)
{
	struct rusage own, children;

	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &children);
	return own.ru_utime.tv_sec + own.ru_stime.tv_sec + children.ru_utime.tv_sec +
	       children.ru_stime.tv_sec +
	       (own.ru_utime.tv_usec + own.ru_stime.tv_usec + children.ru_utime.tv_usec +
		children.ru_stime.tv_usec) / 1e6;
}

static void print_result(const struct plan *plan, uint32_t *times, uint64_t took, double cpu)
{
	uint64_t all = plan->count * plan->senders, kept = 0, sum = 0;
	uint64_t limit = plan->kind == SPAWN ? SPAWN_PREEMPTED_NS : PREEMPTED_NS;

	qsort(times, all, sizeof(*times), compare);
	while (kept < all && times[kept] <= limit)
		sum += times[kept++];
	printf("{\"sent\": %lu, \"mean_ns\": %.1f, \"median_ns\": %u, \"p99_ns\": %u, "
	       "\"preempted\": %lu, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n",
	       (unsigned long)all, kept ? (double)sum / kept : 0.0, times[all / 2],
	       times[all - 1 - all / 100], (unsigned long)(all - kept), took / 1e9, cpu);
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	if (*end || !*text)
		errx(2, "%s is no number", text);
	return value;
}

static enum kind kind_of(const char *word)
{
	for (int kind = KILL; kind <= SPAWN; kind++)
		if (!strcmp(word, kinds[kind]))
			return kind;
	errx(2, "%s is none of kill, tgkill, spawn", word);
}

int main(int argc, char **argv)
{
	struct plan plan;
	uint32_t *times;
	size_t size;
	uint64_t took;
	double cpu;
	int life;

	if (argc != 6)
		errx(2, "usage: load kill|tgkill|spawn SIGNAL COUNT RATE SENDERS");
	plan = (struct plan){ .kind = kind_of(argv[1]), .signal = number(argv[2]), .count = number(argv[3]),
			      .rate = number(argv[4]), .senders = number(argv[5]) };
	size = plan.count * plan.senders * sizeof(*times);
	times = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (times == MAP_FAILED)
		err(1, "mmap");
	plan.target = plan.kind == KILL ? start_target(plan.signal, &life) : getpid();
	if (plan.kind == TGKILL)
		signal(plan.signal, handle);
	printf("%d %d\n", getpid(), plan.target);
	fflush(stdout);
	if (getchar() == EOF)
		return 1;
	cpu = cpu_seconds();
	took = run(&plan, times);
	print_result(&plan, times, took, cpu_seconds() - cpu);
	if (plan.kind == KILL) {
		close(life);
		waitpid(plan.target, NULL, 0);
	}
	return 0;
}
