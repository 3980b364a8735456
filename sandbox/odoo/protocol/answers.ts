import type { Response } from 'express';
import { OdooFault } from '../core/fault';
import { Disturbance } from './gateway';

const BAD_GATEWAY =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n';
const PAGE =
  '<!DOCTYPE html>\n<html><head><title>Odoo</title></head><body><h1>Maintenance</h1></body></html>\n';

export function sendHtml(response: Response, status: number, html: string): void {
  response.status(status).set('Content-Type', 'text/html; charset=utf-8').send(html);
}

/**
 * What a failed call answers: a disturbance as itself, a fault by `send`; a fault of the sandbox's own code becomes
 * a fault of the server too, so that a client sees what it would see of a crash there.
 */
export function answerFailure(response: Response, error: unknown, send: (fault: OdooFault) => void): void {
  if (error instanceof OdooFault) send(error);
  else if (!(error instanceof Disturbance))
    send(new OdooFault('builtins.RuntimeError', `sandbox: ${String(error)}`));
  else if (error.kind === 'http-502') sendHtml(response, 502, BAD_GATEWAY);
  else if (error.kind === 'html') sendHtml(response, 200, PAGE);
  else response.socket?.destroy();
}
