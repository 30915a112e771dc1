/** A CAR file as an answer. */
export const carResponse = (car: BodyInit): Response =>
  new Response(car, { headers: { 'content-type': 'application/vnd.ipld.car' } })
