/* folded_tables.c: from the parameters to the tables of the folded path, and from the gradients of the tables back
 * to those of the parameters. Small GEMMs whose sizes do not depend on the batch. The algebra is in
 * folded.c. */
#include "nn/folded_tables.h"
#include "nn/blas.h"
#include "nn/transformer.h"

#include <math.h>
#include <string.h>

/* ---- build ---- */

/* into[d, W] <- W_in | alpha W_U | 0 */
static void build_into(sw_folded *self, const sw_transformer_layer *w, const sw_real *unembedding, sw_real alpha) {
    for (size_t i = 0; i < self->d; i++) {
        sw_real *to = self->into + i * self->stride;
        memcpy(to, w->in + i * self->M, self->M * sizeof *to);
        for (size_t c = 0; c < self->C; c++) to[self->M + c] = alpha * unembedding[i * self->C + c];
        memset(to + self->M + self->C, 0, (self->W - self->M - self->C) * sizeof *to);
    }
}

/* base[u] <- asking[u] into + (b_in | alpha b_out W_U) */
static void build_base(sw_folded *self, const sw_transformer_layer *w) {
    size_t W = self->W, M = self->M, stride = self->stride;
    sw_real *first = self->base;
    memset(first, 0, W * sizeof *first);
    for (size_t i = 0; w->out_bias && i < self->d; i++)
        sw_kernel->axpy(first + M, w->out_bias[i], self->into + i * stride + M, W - M);
    if (w->in_bias) memcpy(first, w->in_bias, M * sizeof *first);
    for (size_t u = 1; u < self->queries; u++) memcpy(first + u * W, first, W * sizeof *first);
    sw_blas_gemm(SW_N, SW_N, self->queries, W, self->d, 1, self->asking, self->d, self->into, stride, 1, self->base, W);
}

static void build_scores(sw_folded *self, const sw_transformer_layer *w, const sw_real *X) {
    size_t d = self->d, A = self->A, dh = self->d_head, N = self->N, queries = self->queries;
    sw_blas_dense(SW_N, SW_N, N, A, d, 1, X, w->key, 0, self->key);
    sw_blas_dense(SW_N, SW_N, queries, A, d, 1, self->asking, w->query, 0, self->query);
    for (size_t h = 0; h < self->heads; h++)
        sw_blas_gemm(SW_N, SW_T, queries, N, dh, 1 / sqrt((double)dh), self->query + h * dh, A, self->key + h * dh, A,
                     0, self->score + h * queries * N, N);
}

/* table[j, v, h] <- EV[v, h] + EV[V + j, h] - EV[last, h] - EV[V + T-1, h] with EV[., h] = value_h through_h; the last
 * two terms only where all rows end in one token: attention to it is 1 minus the rest, so that it goes into the base
 * and is left out of every sum. */
static void build_table(sw_folded *self) {
    size_t heads = self->heads, dh = self->d_head, A = self->A, W = self->W, V = self->V, T = self->T;
    size_t row = self->row, stride = self->stride;
    sw_real *EV = self->table;   /* [V, heads, W, of row]; becomes position 0 of the table at the end */
    sw_real *P = self->position; /* [T, heads, W, of row] */
    for (size_t h = 0; h < heads; h++) {
        const sw_real *through = self->through + h * dh * stride;
        sw_blas_gemm(SW_N, SW_N, V, W, dh, 1, self->value + h * dh, A, through, stride, 0, EV + h * W, row);
        sw_blas_gemm(SW_N, SW_N, T, W, dh, 1, self->value + V * A + h * dh, A, through, stride, 0, P + h * W, row);
    }
    if (self->queries == 1) {
        sw_real *last = P + (T - 1) * row; /* becomes what attention to the last position adds */
        sw_kernel->add(last, EV + (size_t)self->last * row, row);
        for (size_t h = 0; h < heads; h++) sw_kernel->add(self->base, last + h * W, W);
        for (size_t j = 0; j < self->varying; j++) sw_kernel->axpy(P + j * row, -1, last, row);
    }
    for (size_t j = self->varying; j-- > 0;)
        for (size_t v = 0; v < V; v++) sw_kernel->plus(self->table + (j * V + v) * row, EV + v * row, P + j * row, row);
}

void sw_folded_build(sw_folded *self, const sw_model *model) {
    sw_transformer_tensors w;
    sw_transformer_view(&w, model, model->parameters);
    size_t d = self->d, A = self->A, M = self->M, C = self->C;
    double alpha = model->config.output_scale;
    const sw_real *X = w.token, *end = w.position + (self->T - 1) * d;
    for (size_t u = 0; u < self->queries; u++) {
        const sw_real *token = w.token + (self->queries == 1 ? (size_t)self->last : u) * d;
        sw_kernel->plus(self->asking + u * d, token, end, d);
    }
    build_into(self, &w.layer[0], w.unembedding, (sw_real)alpha);
    build_base(self, &w.layer[0]);
    build_scores(self, &w.layer[0], X);
    sw_blas_dense(SW_N, SW_N, self->N, A, d, 1, X, w.layer[0].value, 0, self->value);
    sw_blas_gemm(SW_N, SW_N, A, self->W, d, 1, w.layer[0].output, d, self->into, self->stride, 0, self->through,
                 self->stride);
    build_table(self);
    sw_blas_dense(SW_N, SW_N, M, C, d, alpha, w.layer[0].out, w.unembedding, 0, self->merged);
    sw_blas_pack(self->merged_packed, SW_N, C, M, self->merged, C);
}

/* ---- unfold: the same in reverse ---- */

void sw_folded_clear(sw_folded *self) {
    memset(self->seen, 0, self->varying * self->V * sizeof *self->seen);
    memset(self->dbase, 0, self->queries * self->W * sizeof(sw_real));
    memset(self->dscore, 0, self->heads * self->queries * self->N * sizeof(sw_real));
}

/* dtable, dbase -> dvalue, dthrough */
static void unfold_table(sw_folded *self) {
    size_t heads = self->heads, dh = self->d_head, A = self->A, W = self->W, V = self->V, T = self->T;
    size_t row = self->row, stride = self->stride;
    for (size_t at = 0; at < self->varying * V; at++)
        if (!self->seen[at]) memset(self->dtable + at * row, 0, row * sizeof *self->dtable);
    sw_real *dEV = self->dtable, *dP = self->dposition;
    memset(dP, 0, T * row * sizeof *dP);
    for (size_t v = 0; v < V; v++)
        for (size_t j = 0; j < self->varying; j++) {
            const sw_real *from = self->dtable + (j * V + v) * row;
            if (j == 0)
                sw_kernel->add(dP, from, row);
            else
                sw_kernel->add_to_both(dP + j * row, dEV + v * row, from, row);
        }
    if (self->queries == 1) {
        sw_real *last = dP + (T - 1) * row;
        for (size_t h = 0; h < heads; h++) sw_kernel->add(last + h * W, self->dbase, W);
        for (size_t j = 0; j < self->varying; j++) sw_kernel->axpy(last, -1, dP + j * row, row);
        sw_kernel->add(dEV + (size_t)self->last * row, last, row);
    }
    for (size_t h = 0; h < heads; h++) {
        const sw_real *through = self->through + h * dh * stride, *value = self->value + h * dh;
        sw_real *dthrough = self->dthrough + h * dh * stride, *dvalue = self->dvalue + h * dh;
        sw_blas_gemm(SW_T, SW_N, dh, W, V, 1, value, A, dEV + h * W, row, 0, dthrough, stride);
        sw_blas_gemm(SW_T, SW_N, dh, W, T, 1, value + V * A, A, dP + h * W, row, 1, dthrough, stride);
        sw_blas_gemm(SW_N, SW_T, V, dh, W, 1, dEV + h * W, row, through, stride, 0, dvalue, A);
        sw_blas_gemm(SW_N, SW_T, T, dh, W, 1, dP + h * W, row, through, stride, 0, dvalue + V * A, A);
    }
}

/* dscore -> dkey, dquery */
static void unfold_scores(sw_folded *self) {
    size_t A = self->A, dh = self->d_head, N = self->N, queries = self->queries;
    double scale = 1 / sqrt((double)dh);
    for (size_t h = 0; h < self->heads; h++) {
        const sw_real *dscore = self->dscore + h * queries * N;
        sw_blas_gemm(SW_N, SW_N, queries, dh, N, scale, dscore, N, self->key + h * dh, A, 0, self->dquery + h * dh, A);
        sw_blas_gemm(SW_T, SW_N, N, dh, queries, scale, dscore, N, self->query + h * dh, A, 0, self->dkey + h * dh, A);
    }
}

/* dbase, dthrough -> dinto, biases, W_O, W_in, W_U, and the tokens that ask */
static void unfold_into(sw_folded *self, const sw_transformer_tensors *w, const sw_transformer_tensors *g,
                        sw_real alpha) {
    size_t d = self->d, A = self->A, W = self->W, M = self->M, C = self->C, queries = self->queries;
    size_t stride = self->stride;
    const sw_transformer_layer *wl = &w->layer[0], *gl = &g->layer[0];
    sw_blas_gemm(SW_T, SW_N, d, W, A, 1, wl->output, d, self->dthrough, stride, 0, self->dinto, stride);
    sw_blas_gemm(SW_N, SW_T, A, d, W, 1, self->dthrough, stride, self->into, stride, 1, gl->output, d);
    sw_blas_gemm(SW_T, SW_N, d, W, queries, 1, self->asking, d, self->dbase, W, 1, self->dinto, stride);
    sw_blas_gemm(SW_N, SW_T, queries, d, W, 1, self->dbase, W, self->into, stride, 0, self->dasking, d);

    for (size_t u = 1; u < queries; u++) /* the biases are the same for all */
        sw_kernel->add(self->dbase, self->dbase + u * W, W);
    if (gl->in_bias) sw_kernel->add(gl->in_bias, self->dbase, M);
    const sw_real *dlogit = self->dbase + M; /* [C] */
    for (size_t i = 0; i < d; i++) {
        const sw_real *dinto = self->dinto + i * stride;
        sw_real *dunembedding = g->unembedding + i * C;
        if (gl->out_bias) gl->out_bias[i] += sw_kernel->dot(dlogit, self->into + i * stride + M, C);
        sw_kernel->add(gl->in + i * M, dinto, M);
        const sw_real bias = wl->out_bias ? wl->out_bias[i] : 0;
        for (size_t c = 0; c < C; c++) dunembedding[c] += alpha * (dinto[M + c] + bias * dlogit[c]);
    }
}

void sw_folded_unfold(sw_folded *self, sw_model *model) {
    sw_transformer_tensors w, g;
    sw_transformer_view(&w, model, model->parameters);
    sw_transformer_view(&g, model, model->gradient);
    const sw_transformer_layer *wl = &w.layer[0], *gl = &g.layer[0];
    size_t d = self->d, A = self->A, M = self->M, C = self->C, N = self->N, queries = self->queries;
    double alpha = model->config.output_scale;
    const sw_real *X = w.token;
    sw_real *dX = g.token; /* [N, d] */

    sw_blas_dense(SW_T, SW_T, M, d, C, alpha, self->dmerged, w.unembedding, 1, gl->out);
    sw_blas_dense(SW_T, SW_T, d, C, M, alpha, wl->out, self->dmerged, 1, g.unembedding);
    unfold_table(self);
    unfold_into(self, &w, &g, (sw_real)alpha);
    unfold_scores(self);

    sw_blas_dense(SW_T, SW_N, d, A, N, 1, X, self->dvalue, 1, gl->value);
    sw_blas_dense(SW_N, SW_T, N, d, A, 1, self->dvalue, wl->value, 1, dX);
    sw_blas_dense(SW_T, SW_N, d, A, N, 1, X, self->dkey, 1, gl->key);
    sw_blas_dense(SW_N, SW_T, N, d, A, 1, self->dkey, wl->key, 1, dX);
    sw_blas_dense(SW_T, SW_N, d, A, queries, 1, self->asking, self->dquery, 1, gl->query);
    sw_blas_dense(SW_N, SW_T, queries, d, A, 1, self->dquery, wl->query, 1, self->dasking);
    for (size_t u = 0; u < queries; u++) {
        sw_kernel->add(dX + (queries == 1 ? (size_t)self->last : u) * d, self->dasking + u * d, d);
        sw_kernel->add(g.position + (self->T - 1) * d, self->dasking + u * d, d);
    }
}
