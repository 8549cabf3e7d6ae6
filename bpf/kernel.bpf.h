/* SPDX-License-Identifier: GPL-2.0-only */
/* What of the kernel is read, and in which dialect. */
#ifndef SIGTRACE_KERNEL_BPF_H
#define SIGTRACE_KERNEL_BPF_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

/*
 * Objects are made of one text: one that every kernel takes, and one (CASTS) for those that let a pointer be
 * given a type, since Linux commit a35b9af4ec2c ("bpf: Add a kfunc for generic type cast") (in v6.2). What
 * differs is in this table alone; where a body differs, it asks CAN_CAST. CASTS alone is HURRIED, without what only a
 * recorder wants; with WHOLE it is made once more, with all of it.
 *
 *                    every kernel                               CASTS
 *   typed(kind, p)   a number that clang gives a type           a pointer that the verifier gives one
 *   READ(p, a, b)    a call of a helper for each pointer        a load for each pointer
 *   TRACEPOINT(name) arguments have types                       arguments are numbers
 *   HAS_CURRENT_BTF  bpf_get_current_task_btf(), if it is there yes: that is older than casts
 *   HAS_PT_REGS      bpf_task_pt_regs(), if it is there         yes, likewise
 *
 * A pointer that is cast is untrusted: for one loaded from a trusted one the verifier looks through the names of
 * all types up to four times, since Linux commit 6fcd486b3a0a ("bpf: Refactor RCU enforcement in the verifier.")
 * (in v6.4), 1.5 ms in all. For the types of arguments it would do so again, 0.3 ms for each program.
 */
#if defined(CASTS) && !defined(WHOLE)
#define HURRIED
#endif

#ifdef CASTS
extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym;
#define CAN_CAST true
#define typed(kind, pointer) \
	((struct kind *)bpf_rdonly_cast((void *)(pointer), bpf_core_type_id_kernel(struct kind)))
#define READ(from, ...) ___arrow(from, __VA_ARGS__)
#define TRACEPOINT(name) SEC("raw_tp/" #name)
#define HAS_CURRENT_BTF true
#define HAS_PT_REGS true
#else
#define CAN_CAST false
#define typed(kind, pointer) ((struct kind *)(pointer))
#define READ(from, ...) BPF_CORE_READ(from, __VA_ARGS__)
#define TRACEPOINT(name) SEC("tp_btf/" #name)
/* Since Linux commit 3ca1032ab7ab ("bpf: Implement get_current_task_btf and RET_PTR_TO_BTF_ID") (v5.11). */
#define HAS_CURRENT_BTF bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf)
/* Since Linux commit dd6e10fbd9fb ("bpf: Add bpf_task_pt_regs() helper") (v5.15). */
#define HAS_PT_REGS bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs)
#endif

/*
 * The few kernel types that are read, with the few fields used: libbpf relocates each access by the
 * running kernel's BTF (CO-RE). For each type that an access begins at it looks through the names of all
 * types of the kernel, a third of a millisecond: so a renamed field stands beside its old name, not in a
 * flavour of its own (___old), and what lies within another type is read through that. It remembers them from
 * one load to the next, but only one of those whose names' hashes have the same remainder by 31:
 * bpf_core_find_cands(), kernel/bpf/btf.c.
 */
#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	unsigned int val;
} kuid_t;

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct list_head {
	struct list_head *next;
};

typedef struct {
	long long counter;
} atomic64_t;

typedef struct {
	struct list_head head;
} wait_queue_head_t;

struct user_namespace {
	int level;
};

struct cred {
	kuid_t uid;
	kuid_t euid;
	struct user_namespace *user_ns;
};

struct upid {
	int nr;
};

struct pid {
	unsigned int level;
	/* Since Linux commit cb12fd8e0dab ("pidfd: add pidfs") (in v6.9). */
	void *stashed;
	struct upid numbers[1];
};

struct qstr {
	const unsigned char *name;
};

struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

struct inode {
	void *i_private;
};

struct file {
	struct path f_path;
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct mm_struct {
	unsigned long arg_start;
	unsigned long arg_end;
	unsigned long env_start;
	unsigned long env_end;
	struct file *exe_file;
};

struct kernfs_node {
	struct kernfs_node *parent;
	/* Since Linux commit 633488947ef6 ("kernfs: Use RCU to access kernfs_node::parent.") (in v6.15). */
	struct kernfs_node *__parent;
	const char *name;
	void *priv;
	unsigned long long id;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
};

/* A cgroup's fields are looked up as parts of this: its own name has the same remainder as file's, see above. */
struct cgroup_root {
	struct cgroup cgrp;
};

struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
};

enum cgroup_subsys_id {
	pids_cgrp_id = 11,
};

struct tty_struct {
	char name[64];
};

struct sigaction {
	void *sa_handler;
};

struct k_sigaction {
	struct sigaction sa;
};

struct sighand_struct {
	wait_queue_head_t signalfd_wqh;
	struct k_sigaction action[64];
};

struct rlimit {
	unsigned long rlim_cur;
	unsigned long rlim_max;
};

struct task_cputime_atomic {
	atomic64_t utime;
	atomic64_t stime;
};

struct thread_group_cputimer {
	struct task_cputime_atomic cputime_atomic;
};

struct signal_struct {
	atomic_t live;
	int nr_threads;
	struct list_head thread_head;
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[4];
	struct tty_struct *tty;
	struct rlimit rlim[16];
	struct thread_group_cputimer cputimer;
};

struct seccomp {
	int mode;
};

struct sched_rt_entity {
	unsigned long timeout;
};

struct thread_info {
	unsigned int status;
};

struct task_struct {
	struct thread_info thread_info;
	/* Since Linux commit 2f064a59a11f ("sched: Change task_struct::state") (in v5.14). */
	unsigned int __state;
	long state;
	void *stack;
	unsigned int flags;
	unsigned int ptrace;
	struct sched_rt_entity rt;
	struct mm_struct *mm;
	int exit_code;
	int pid;
	int tgid;
	unsigned long jobctl;
	struct task_struct *real_parent;
	struct task_struct *parent;
	struct task_struct *group_leader;
	struct pid *thread_pid;
	struct list_head thread_node;
	unsigned long long start_boottime;
	const struct cred *cred;
	const struct cred *real_cred;
	char comm[16];
	struct signal_struct *signal;
	struct sighand_struct *sighand;
	sigset_t blocked;
	sigset_t real_blocked;
	void *nsproxy;
	struct seccomp seccomp;
	kuid_t loginuid;
	unsigned int sessionid;
	/* Since Linux commit d1e7fd6462ca ("signal: Extend exec_id to 64bits") (in v5.7). */
	unsigned long long self_exec_id;
	struct css_set *cgroups;
	struct files_struct *files;
};

#if defined(__TARGET_ARCH_arm64)
struct pt_regs {
	unsigned long long regs[31];
	unsigned long long pc;
	unsigned long long orig_x0;
	int syscallno;
};
#endif

#pragma clang attribute pop

#if defined(__TARGET_ARCH_x86)
/* Whole and as it is: its places are fixed, arch/x86/include/uapi/asm/ptrace.h. */
struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax;
	unsigned long ip, cs, flags, sp, ss;
};
#endif

/*
 * The beginning of a siginfo, whose places are fixed: include/uapi/asm-generic/siginfo.h. pid and uid are
 * those of a kill; of a fault and of seccomp they are an address.
 */
struct kernel_siginfo {
	__s32 si_signo;
	__s32 si_errno;
	__s32 si_code;
	__s32 pad;
	__s32 si_pid;
	__u32 si_uid;
	__s32 si_syscall;
	__u32 si_arch;
};

/* asm-generic/signal.h; the machines that differ are not built for */
#define SIGHUP 1
#define SIGILL 4
#define SIGTRAP 5
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGSEGV 11
#define SIGCONT 18
#define SIGXCPU 24
#define SIGSYS 31
#define SIG_DFL 0
#define SIG_IGN 1
#define SI_USER 0 /* include/uapi/asm-generic/siginfo.h */
#define SI_KERNEL 0x80
#define SI_TKILL -6
#define SYS_SECCOMP 1
/* include/linux/sched.h, include/linux/sched/signal.h */
#define PF_EXITING 0x00000004
#define PF_KTHREAD 0x00200000
#define SIGNAL_STOP_STOPPED 0x00000001
#define SIGNAL_GROUP_EXIT 0x00000004
#define SIGNAL_UNKILLABLE 0x00000040
#define TASK_UNINTERRUPTIBLE 0x00000002
#define TASK_STOPPED_OR_TRACED 0x0000000c
#define TASK_NOLOAD 0x00000400
/*
 * A frozen task of cgroup v1. Since Linux commit f5d39b020809 ("freezer,sched: Rewrite core freezer logic") (in
 * v6.1) a state; before, and for kernel threads alone since, a flag beside TASK_UNINTERRUPTIBLE.
 */
#define TASK_FROZEN 0x00008000
#define PF_FROZEN 0x00010000
/* Of cgroup v2. Since Linux commit 76f969e8948d ("cgroup: cgroup v2 freezer") (in v5.2): sched/jobctl.h. */
#define JOBCTL_TRAP_FREEZE (1UL << 23)
/* include/linux/pid_types.h, include/uapi/asm-generic/resource.h */
#define PIDTYPE_PGID 2
#define RLIMIT_CPU 0
#define RLIMIT_RTTIME 15
#define RLIM_INFINITY (~0UL)
/* include/linux/seccomp.h. Since Linux commit 495ac3069a6c ("seccomp: Invalidate seccomp mode to catch death
 * failures") (in v5.17). */
#define SECCOMP_MODE_DEAD 3

#endif
