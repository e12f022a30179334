/* traces.c: automorphisms of a coloured graph, by nauty's Traces. The only file that sees nauty. */
#include "tasks/traces.h"

#ifdef SYMSWEEP_HAS_NAUTY

#include <nauty/traces.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(sizeof(int) == sizeof(int32_t), "nauty's int is int32_t");

/* The ring of generators, as far as the first `kept` vertices go. */
static sw_status take_generators(sw_traces_group *out, permnode *ring, int32_t kept) {
    size_t count = 0;
    permnode *node = ring;
    if (ring != NULL) do {
            count++;
            node = node->next;
        } while (node != ring);
    out->generator = malloc((count * (size_t)kept + 1) * sizeof *out->generator);
    if (out->generator == NULL) return sw_fail(SW_E_MEMORY, "no memory for %zu generators", count);
    for (size_t i = 0; i < count; i++, node = node->next)
        memcpy(out->generator + i * (size_t)kept, node->p, (size_t)kept * sizeof *out->generator);
    out->count = count;
    return SW_OK;
}

/* lab and ptn of nauty: the vertices in the order of their colours, and 0 where a colour ends. */
static void write_colors(int *lab, int *ptn, const sw_traces_graph *graph) {
    for (int32_t v = 0; v < graph->vertices; v++) {
        lab[v] = v;
        ptn[v] = 1;
    }
    for (int32_t c = 0; c < graph->colors; c++)
        if (graph->color_end[c] > 0) ptn[graph->color_end[c] - 1] = 0;
}

sw_status sw_traces_search(sw_traces_group *out, sw_traces_graph *graph, int32_t kept) {
    const size_t n = (size_t)graph->vertices;
    DEFAULTOPTIONS_TRACES(options);
    TracesStats stats;
    permnode *ring = NULL;
    schreier *none = NULL;
    SG_DECL(sparse);
    *out = (sw_traces_group){0};
    int *lab = malloc(3 * n * sizeof *lab), *ptn = lab + n, *orbits = ptn + n;
    if (lab == NULL) return sw_fail(SW_E_MEMORY, "no memory for a graph of %zu vertices", n);
    write_colors(lab, ptn, graph);
    sparse.nv = graph->vertices;
    sparse.nde = graph->arcs;
    sparse.v = graph->first;
    sparse.d = graph->degree;
    sparse.e = graph->neighbor;
    sparse.vlen = sparse.dlen = n;
    sparse.elen = graph->arcs;
    options.defaultptn = FALSE;
    options.generators = &ring;
    ran_init(1); /* Traces draws from one stream for the whole process */
    nauty_check(WORDSIZE, 1, graph->vertices, NAUTYVERSIONID);
    Traces(&sparse, lab, ptn, orbits, &options, &stats, NULL);
    free(lab);
    sw_status status = SW_OK;
    if (stats.errstatus != 0)
        status = sw_fail(SW_E_NUMERIC, "Traces ended with error %d", stats.errstatus);
    else
        status = take_generators(out, ring, kept);
    out->log_order = log(stats.grpsize1) + stats.grpsize2 * log(10.0);
    freeschreier(&none, &ring);
    traces_freedyn();
    schreier_freedyn();
    return status;
}

const char *sw_traces_version(void) {
    static const char version[] = NAUTYVERSION;
    return version;
}

#else

sw_status sw_traces_search(sw_traces_group *out, sw_traces_graph *graph, int32_t kept) {
    *out = (sw_traces_group){0};
    (void)graph;
    (void)kept;
    return sw_fail(SW_E_USAGE,
                   "this symsweep was built without nauty, which finds symmetries: install it (Debian: apt-get install "
                   "libnauty2-dev; Spack: spack install nauty) and build symsweep again");
}

const char *sw_traces_version(void) { return NULL; }

#endif
