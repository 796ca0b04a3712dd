/* The executors that there are, the narrowest first, and whether this processor has their instructions. */

static const Executor *const executors[] = {
    &executor_base,
#ifdef HAS_X86_WIDTHS
    &executor_avx2, &executor_avx512,
#endif
};

#define EXECUTORS (sizeof(executors) / sizeof(*executors))

static int supported(const Executor *candidate)
{
#ifdef HAS_X86_WIDTHS
    __builtin_cpu_init();
    if (candidate == &executor_avx2)
        return __builtin_cpu_supports("avx2");
    if (candidate == &executor_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
               && __builtin_cpu_supports("avx512vl");
#endif
    return candidate == &executor_base;
}
