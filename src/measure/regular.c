/* regular.c: is a table that of a group, and the isotypic parts of its regular representation. */
#include "measure/regular.h"

#include "symsweep/random.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* Eigenvalues w[n], ascending, and eigenvectors of the symmetric a[n, n]; vector j assigns a[j * n .. j * n + n). */
void dsyevd_(const char *job, const char *triangle, const int *n, double *a, const int *lda, double *w, double *work,
             const int *work_length, int *iwork, const int *iwork_length, int *info, size_t job_length,
             size_t triangle_length);

/* Draws of stream MEASURE, seed 0: coefficients of the class function. */
enum { DRAW_CLASSES = 7, ATTEMPTS = 16 };

bool sw_regular_applies(const sw_task *shape) {
    return shape->operands == 2 && shape->relations == 0 && shape->classes == shape->entities && shape->entities > 1;
}

double sw_regular_memory(const sw_task *shape) {
    const double n = shape->entities;
    return n * n * (sizeof(double) + 2 * sizeof(int32_t)) + 5 * n * sizeof(int32_t);
}

/* ---- the group ---- */

static bool is_element(const sw_task *task, int32_t entity) {
    return task->order == 0 || task->exponent[(size_t)entity * (size_t)task->factor_count] >= 0;
}

/* product and input <- those of the operands as they are; false: a label is no element, or an input is missing. */
static bool read_table(sw_regular *r, const sw_task *task, const int32_t *element) {
    const size_t n = (size_t)r->order;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            const int32_t input = sw_task_index(task, r->member[i], r->member[j], -1);
            if (input < 0) return false;
            r->input[i * n + j] = input;
            r->product[i * n + j] = element[task->true_label[input]];
            if (r->product[i * n + j] < 0) return false;
        }
    return true;
}

/* The second operand that leaves every first one as it is; -1 = there is none. */
static int32_t right_identity(const sw_regular *r) {
    const int32_t n = r->order;
    for (int32_t j = 0; j < n; j++) {
        int32_t i = 0;
        while (i < n && r->product[i * n + j] == i) i++;
        if (i == n) return j;
    }
    return -1;
}

/* table[i, h] <- table[i, place[h]] */
static void permute_columns(int32_t *table, const int32_t *place, int32_t *row, size_t n) {
    for (size_t i = 0; i < n; i++, table += n) {
        memcpy(row, table, n * sizeof *row);
        for (size_t h = 0; h < n; h++) table[h] = row[place[h]];
    }
}

/* Puts the columns in the order of what the identity makes of them; false: it makes the same of two. `work` [3, n]. */
static bool number_columns(sw_regular *r, int32_t *work) {
    const size_t n = (size_t)r->order;
    int32_t *place = work, *row = work + n;
    for (size_t h = 0; h < n; h++) place[h] = -1;
    for (size_t j = 0; j < n; j++) place[r->product[(size_t)r->identity * n + j]] = (int32_t)j;
    for (size_t h = 0; h < n; h++)
        if (place[h] < 0) return false;
    permute_columns(r->product, place, row, n);
    permute_columns(r->input, place, row, n);
    return true;
}

/* Every element once in each row and in each column. */
static bool is_latin(const sw_regular *r, int32_t *seen) {
    const size_t n = (size_t)r->order;
    for (size_t line = 0; line < 2 * n; line++) {
        memset(seen, 0, n * sizeof *seen);
        for (size_t i = 0; i < n; i++)
            if (seen[r->product[line < n ? line * n + i : i * n + line - n]]++) return false;
    }
    return true;
}

/* (x a) y = x (a y) for all x and y. */
static bool associates(const sw_regular *r, size_t a) {
    const size_t n = (size_t)r->order;
    for (size_t x = 0; x < n; x++)
        for (size_t y = 0; y < n; y++)
            if (r->product[(size_t)r->product[x * n + a] * n + y] != r->product[x * n + (size_t)r->product[a * n + y]])
                return false;
    return true;
}

/* Elements that associate as the one in the middle are closed under the product (Light's test): it is enough to ask
 * those that generate all others. `work` [3, n]. */
static bool is_associative(const sw_regular *r, int32_t *work) {
    const size_t n = (size_t)r->order;
    int32_t *reached = work, *list = work + n, *generator = work + 2 * n;
    size_t generators = 0;
    memset(reached, 0, n * sizeof *reached);
    reached[r->identity] = 1;
    for (size_t g = 0; g < n; g++) {
        if (reached[g]) continue;
        if (!associates(r, g)) return false;
        generator[generators++] = (int32_t)g;
        size_t length = 0;
        for (size_t i = 0; i < n; i++)
            if (reached[i]) list[length++] = (int32_t)i;
        for (size_t i = 0; i < length; i++)
            for (size_t k = 0; k < generators; k++) {
                const int32_t e = r->product[(size_t)list[i] * n + (size_t)generator[k]];
                if (!reached[e]) list[length++] = e;
                reached[e] = 1;
            }
    }
    return true;
}

static bool find_group(sw_regular *r, const sw_task *task, int32_t *element, int32_t *work) {
    for (int32_t e = 0; e < task->entities; e++) {
        element[e] = is_element(task, e) ? r->order : -1;
        if (element[e] >= 0) r->member[r->order++] = e;
    }
    if (r->order < 2 || !read_table(r, task, element)) return false;
    r->identity = right_identity(r);
    return r->identity >= 0 && number_columns(r, work) && is_latin(r, work) && is_associative(r, work);
}

/* ---- its characters ---- */

/* What the search for the basis works with; there are as many parts as classes. */
typedef struct search {
    const sw_regular *r;
    int32_t *inverse;  /* [n] */
    int32_t *class_of; /* [n] conjugacy class, a class and that of the inverses being one */
    int32_t *size;     /* [n] elements of each class */
    int32_t classes;
    double *weight;  /* [n] of each class */
    double *vector;  /* [n, n] one a row */
    double *value;   /* [n] */
    double *trace;   /* [n, n] of each part: its projector at (identity, g) */
    int32_t *start;  /* [n + 1] first vector of each part */
    int32_t *number; /* [n] the part that is line l */
    double *work;
    int *integer_work;
    int work_length, integer_length;
} search;

static sw_status allocate(search *s, const sw_regular *r, sw_arena *arena) {
    const size_t n = (size_t)r->order;
    *s = (search){.r = r, .work_length = (int)(1 + 6 * n + 2 * n * n), .integer_length = (int)(3 + 5 * n)};
    s->inverse = sw_arena_alloc(arena, 5 * n + 1, sizeof *s->inverse);
    s->weight = sw_arena_alloc(arena, 2 * n * (n + 1), sizeof *s->weight);
    s->work = sw_arena_alloc(arena, (size_t)s->work_length, sizeof *s->work);
    s->integer_work = sw_arena_alloc(arena, (size_t)s->integer_length, sizeof *s->integer_work);
    if (!s->inverse || !s->weight || !s->work || !s->integer_work) return SW_E_MEMORY;
    s->class_of = s->inverse + n;
    s->size = s->class_of + n;
    s->number = s->size + n;
    s->start = s->number + n;
    s->value = s->weight + n;
    s->vector = s->value + n;
    s->trace = s->vector + n * n;
    return SW_OK;
}

static void find_classes(search *s) {
    const size_t n = (size_t)s->r->order;
    const int32_t *product = s->r->product;
    for (size_t g = 0; g < n; g++)
        for (size_t h = 0; h < n; h++)
            if (product[g * n + h] == s->r->identity) s->inverse[g] = (int32_t)h;
    for (size_t x = 0; x < n; x++) s->class_of[x] = -1;
    for (size_t x = 0; x < n; x++) {
        if (s->class_of[x] >= 0) continue;
        for (size_t g = 0; g < n; g++) {
            const int32_t y = product[(size_t)product[g * n + x] * n + (size_t)s->inverse[g]];
            s->class_of[y] = s->class_of[s->inverse[y]] = s->classes;
        }
        s->classes++;
    }
    memset(s->size, 0, n * sizeof *s->size);
    for (size_t x = 0; x < n; x++) s->size[s->class_of[x]]++;
}

/* A random element of the centre of the group algebra, symmetric: the matrix w(x^-1 y) of a class function w with
 * w(g) = w(g^-1). On each isotypic part it
 * is a number. False: these are not all apart. */
static bool decompose(search *s, int attempt) {
    const int n = s->r->order;
    for (int32_t c = 0; c < s->classes; c++) {
        double normal[4];
        sw_random_normal4(normal, 0, SW_STREAM_MEASURE, DRAW_CLASSES, ((uint64_t)attempt << 32) + (uint64_t)c / 4);
        s->weight[c] = normal[c % 4] / sqrt(s->size[c]);
    }
    for (int x = 0; x < n; x++)
        for (int y = 0; y < n; y++) s->vector[x * n + y] = s->weight[s->class_of[s->r->product[s->inverse[x] * n + y]]];
    int info = 0;
    dsyevd_("V", "U", &n, s->vector, &n, s->value, s->work, &s->work_length, s->integer_work, &s->integer_length, &info,
            1, 1);
    if (info != 0) return false;
    const double range = s->value[n - 1] - s->value[0];
    int32_t parts = 0;
    s->start[parts++] = 0;
    for (int i = 1; i < n; i++) {
        const double gap = s->value[i] - s->value[i - 1];
        if (gap > 1e-9 * range && gap < 1e-6 * range) return false;
        if (gap <= 1e-9 * range) continue;
        if (parts == s->classes) return false;
        s->start[parts++] = i;
    }
    s->start[parts] = n;
    return parts == s->classes; /* as many pairs of characters as of classes (Brauer's permutation lemma) */
}

static void fill_traces(search *s) {
    const size_t n = (size_t)s->r->order, e = (size_t)s->r->identity;
    memset(s->trace, 0, (size_t)s->classes * n * sizeof *s->trace);
    for (int32_t b = 0; b < s->classes; b++)
        for (int32_t i = s->start[b]; i < s->start[b + 1]; i++) {
            const double *v = s->vector + (size_t)i * n;
            cblas_daxpy((int)n, v[e], v, 1, s->trace + (size_t)b * n, 1);
        }
}

/* chi(1): a part has chi(1)^2 vectors, or twice as many of a character and its conjugate. */
static int32_t degree_of(const search *s, int32_t part) {
    const int32_t size = s->start[part + 1] - s->start[part], degree = (int32_t)lround(sqrt(size));
    return degree * degree == size ? degree : (int32_t)lround(sqrt(size / 2.0));
}

static const double *trace_of(const search *s, int32_t part) { return s->trace + (size_t)part * (size_t)s->r->order; }

static bool is_trivial(const search *s, int32_t part) {
    const double *trace = trace_of(s, part);
    bool positive = s->start[part + 1] - s->start[part] == 1;
    for (int32_t g = 0; g < s->r->order; g++) positive = positive && trace[g] > 0;
    return positive;
}

static bool is_before(const search *s, int32_t a, int32_t b) {
    if (is_trivial(s, a) || is_trivial(s, b)) return is_trivial(s, a);
    if (degree_of(s, a) != degree_of(s, b)) return degree_of(s, a) < degree_of(s, b);
    for (int32_t g = 0; g < s->r->order; g++)
        if (fabs(trace_of(s, a)[g] - trace_of(s, b)[g]) * s->r->order > 1e-6)
            return trace_of(s, a)[g] > trace_of(s, b)[g];
    return false;
}

static void put_in_order(search *s) {
    for (int32_t i = 0; i < s->classes; i++) {
        int32_t at = i;
        for (; at > 0 && is_before(s, i, s->number[at - 1]); at--) s->number[at] = s->number[at - 1];
        s->number[at] = i;
    }
}

/* The part that a function on the group is in; -1: in no single one. */
static int32_t part_with(const search *s, const double *f) {
    const int n = s->r->order;
    const double whole = cblas_ddot(n, f, 1, f, 1);
    for (int32_t b = 0; b < s->classes; b++) {
        double power = 0;
        for (int32_t i = s->start[b]; i < s->start[b + 1]; i++)
            power += pow(cblas_ddot(n, s->vector + (size_t)i * (size_t)n, 1, f, 1), 2);
        if (power > (1 - 1e-6) * whole) return b;
    }
    return -1;
}

/* Puts the lines of `modes` where they stand there, if all of them are lines here. */
static void follow(search *s, const sw_modes *modes) {
    const size_t n = (size_t)s->r->order;
    if (modes->lines != s->classes - 1 || modes->members != s->r->order) return;
    int32_t *found = s->size; /* not needed any more */
    for (int32_t l = 0; l < modes->lines; l++) {
        found[l] = part_with(s, modes->wave ? modes->wave + 2 * (size_t)l * n : modes->character + (size_t)l * n);
        if (found[l] < 0) return;
    }
    memcpy(s->number + 1, found, (size_t)modes->lines * sizeof *found);
}

static void take(sw_regular *r, const search *s) {
    const size_t n = (size_t)r->order;
    int32_t count = 0;
    for (int32_t l = 0; l <= r->lines; l++) {
        const int32_t part = s->number[l], size = s->start[part + 1] - s->start[part];
        memcpy(r->basis + (size_t)count * n, s->vector + (size_t)s->start[part] * n, (size_t)size * n * sizeof(double));
        r->degree[l] = degree_of(s, part);
        r->start[l] = count;
        count += size;
    }
    r->start[r->lines + 1] = count;
}

static sw_status find_basis(sw_regular *r, const sw_modes *modes, sw_arena *arena, sw_arena *scratch) {
    const size_t n = (size_t)r->order;
    search s;
    sw_status status = allocate(&s, r, scratch);
    if (status != SW_OK) return status;
    find_classes(&s);
    int attempt = 0;
    while (attempt < ATTEMPTS && !decompose(&s, attempt)) attempt++;
    if (attempt == ATTEMPTS) return sw_fail(SW_E_NUMERIC, "characters of a group of %d elements", r->order);
    fill_traces(&s);
    put_in_order(&s);
    follow(&s, modes);
    r->lines = s.classes - 1;
    r->degree = sw_arena_alloc(arena, 2 * (size_t)s.classes + 1, sizeof *r->degree);
    r->basis = sw_arena_alloc(arena, n * n, sizeof *r->basis);
    if (!r->degree || !r->basis) return SW_E_MEMORY;
    r->start = r->degree + s.classes;
    take(r, &s);
    return SW_OK;
}

sw_status sw_regular_create(sw_regular *out, const sw_task *task, const sw_modes *modes, sw_arena *arena) {
    const size_t n = (size_t)task->entities;
    sw_arena *scratch = NULL;
    *out = (sw_regular){.order = 0};
    out->member = sw_arena_alloc(arena, n, sizeof *out->member);
    out->input = sw_arena_alloc(arena, n * n, sizeof *out->input);
    out->product = sw_arena_alloc(arena, n * n, sizeof *out->product);
    if (!out->member || !out->input || !out->product) return SW_E_MEMORY;
    sw_status status = sw_arena_create(&scratch);
    if (status != SW_OK) return status;
    int32_t *element = sw_arena_alloc(scratch, 4 * n, sizeof *element);
    if (!element)
        status = SW_E_MEMORY;
    else if (find_group(out, task, element, element + n))
        status = find_basis(out, modes, arena, scratch);
    else
        out->order = 0;
    sw_arena_destroy(scratch);
    return status;
}
